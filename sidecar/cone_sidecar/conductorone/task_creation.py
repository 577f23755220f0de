"""Tasks, created once: what is open already is found, and what may have arrived isn't sent again unseen."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Literal

import httpx

from cone_sidecar.clock import Clock
from cone_sidecar.conductorone import wire
from cone_sidecar.conductorone.api_client import ApiClient, ApiError
from cone_sidecar.domain.ports import DuplicateTask
from cone_sidecar.errors import NotRequestable, Unreachable
from cone_sidecar.retries import Retries

TaskKind = Literal["grant", "revoke"]

TASK_REF = "TaskRef"
# How far the tenant's clock may be behind ours.
CLOCK_SKEW = timedelta(seconds=30)
REFUSALS: Mapping[TaskKind, tuple[str, str]] = {
    "grant": (
        "ConductorOne doesn't let you request this entitlement",
        "ask your administrator to add it to an access profile of yours",
    ),
    "revoke": (
        "ConductorOne doesn't let you drop this entitlement",
        "ask your administrator to revoke it",
    ),
}


class TaskCreation:
    """Ask for access, or for its end; ``kind`` is the API's word for which (reference §4.1)."""

    def __init__(self, api: ApiClient, clock: Clock, kind: TaskKind) -> None:
        self._api = api
        self._clock = clock
        self._kind = kind

    async def create(self, body: Mapping[str, object]) -> dict[str, Any]:
        """Create the task; returns the answer that holds it.

        Args:
            body: ``appId``, ``appEntitlementId``, ``identityUserId`` and what else the request has.

        Raises:
            DuplicateTask: An open task is there already.
            NotRequestable: This person may not ask for it.
            Unreachable: Nobody knows whether the request arrived, or it surely did not.
        """
        asked_at, retries = self._clock.now(), Retries(self._clock)
        while True:
            try:
                return await self._post(body)
            except Unreachable as error:
                if error.status == httpx.codes.TOO_MANY_REQUESTS:
                    raise
                # It may have arrived all the same, and even be decided by now.
                if arrived := await self._task_since(body, asked_at - CLOCK_SKEW):
                    return arrived
                if not await retries.again(None):
                    raise

    async def open_task_id(self, body: Mapping[str, object]) -> str:
        """Return the id of the open task for the same access, empty where none can be found."""
        for row in await self._tasks(body, taskStates=["TASK_STATE_OPEN"]):
            task = wire.dig(row, "task")
            # Those that this person opened for others are found as well.
            subject = wire.dig(task, "type", self._kind, "identityUserId")
            if wire.dig(task, "id") and subject in {None, "", body["identityUserId"]}:
                return str(task["id"])
        return ""

    async def _post(self, body: Mapping[str, object]) -> dict[str, Any]:
        try:
            return await self._api.post(f"/api/v1/task/{self._kind}", body)
        except ApiError as error:
            if error.status == httpx.codes.CONFLICT:
                raise DuplicateTask(_named(error) or await self.open_task_id(body)) from error
            if error.status == httpx.codes.FORBIDDEN:
                message, hint = REFUSALS[self._kind]
                raise NotRequestable(message, hint=hint) from error
            if error.status == httpx.codes.BAD_REQUEST and "grantDuration" in body:
                error.hint = (
                    "check the duration (-d, or the profile's cone_duration) "
                    "against the entitlement's maximum"
                )
            raise

    async def _task_since(
        self, body: Mapping[str, object], since: datetime
    ) -> dict[str, Any] | None:
        """Return the task for the same access that was made since, open or closed."""
        for row in await self._tasks(body):
            created = wire.timestamp(wire.dig(row, "task", "createdAt"))
            if created and created >= since:
                return {"taskView": row}
        return None

    async def _tasks(self, body: Mapping[str, object], **filters: object) -> list[dict[str, Any]]:
        answer = await self._api.search(
            "/api/v1/search/tasks",
            {
                "openerOrSubjectUserId": body["identityUserId"],
                "applicationIds": [body["appId"]],
                "appEntitlementIds": [body["appEntitlementId"]],
                "taskTypes": [{self._kind: {}}],
                "pageSize": 10,
                **filters,
            },
        )
        return wire.rows(answer, "list")


def _named(error: ApiError) -> str:
    """Return the id in the TaskRef of a 409's details."""
    for detail in error.details:
        if str(detail.get("@type", "")).rpartition(".")[2] == TASK_REF and detail.get("id"):
            return str(detail["id"])
    return ""
