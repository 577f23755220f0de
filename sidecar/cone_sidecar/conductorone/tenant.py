"""A ConductorOne tenant, as one person: the port ``Tenant`` over its HTTP API."""

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

import httpx

from cone_sidecar.clock import Clock
from cone_sidecar.conductorone import wire
from cone_sidecar.conductorone.api_client import ApiClient, ApiError
from cone_sidecar.conductorone.permission_set import permission_set_from_row
from cone_sidecar.domain.ports import DuplicateTask
from cone_sidecar.domain.profile import EntitlementRef, PermissionSet, SkippedEntitlement
from cone_sidecar.domain.task import Entitlement, Grant, GrantRequest, Task
from cone_sidecar.errors import NotRequestable, Unreachable, UpstreamRejected

PAGE_SIZE = 100
SEARCH_MASK = {"paths": ["app_id", "app_resource_type_id", "app_resource_id"]}
TASK_REF = "TaskRef"
# How far the tenant's clock may be behind ours.
CLOCK_SKEW = timedelta(seconds=30)


class ConductorOneTenant:
    """Ask one tenant, as the person (or workload) whose credentials ``api`` holds."""

    def __init__(self, api: ApiClient, clock: Clock) -> None:
        self._api = api
        self._clock = clock

    async def user_id(self) -> str:
        """Return the id of the person we are; asked once for each access token."""
        token = await self._api.bearer.token()
        if token.user_id:
            return token.user_id
        answer = await self._api.get("/api/v1/auth/introspect")
        user_id = answer.get("userId")
        if not isinstance(user_id, str) or not user_id:
            raise UpstreamRejected(
                "ConductorOne doesn't say who we are", hint="cone login <tenant>"
            )
        await self._api.bearer.remember_user(user_id)
        return user_id

    async def user(self) -> dict[str, Any]:
        """Return the person we are, as the API describes users."""
        answer = await self._api.get(f"/api/v1/users/{_segment(await self.user_id())}")
        return dict(wire.dig(answer, "userView", "user") or {})

    async def grant(self, entitlement: EntitlementRef) -> Grant | None:
        """Return the active grant, None where there is none."""
        user_id = await self.user_id()
        path = f"{_entitlement_path(entitlement)}/users/{_segment(user_id)}/grants"
        return wire.grant(await self._api.get(path))

    async def entitlement(self, ref: EntitlementRef) -> Entitlement:
        """Return what a request has to respect."""
        return wire.entitlement(await self._api.get(_entitlement_path(ref)), ref)

    async def request_form(self, ref: EntitlementRef) -> str:
        """Return the id of the request form; 404 is the API's word for none (reference §3.4)."""
        body = {"entitlementRef": {"appId": ref.app_id, "id": ref.entitlement_id}}
        try:
            answer = await self._api.put("/api/v1/request_schema_entitlement_binding", body)
        except ApiError as error:
            if error.status == httpx.codes.NOT_FOUND:
                return ""
            raise
        return str(answer.get("requestSchemaId") or "")

    async def request_grant(self, request: GrantRequest) -> Task:
        """Ask for access.

        Raises:
            DuplicateTask: An open task is there already.
            NotRequestable: This person may not ask for it.
            Unreachable: Nobody knows whether the request arrived, or it surely did not.
        """
        body = {
            "appId": request.entitlement.app_id,
            "appEntitlementId": request.entitlement.entitlement_id,
            "identityUserId": await self.user_id(),
            "description": request.justification,
            "emergencyAccess": request.emergency,
        }
        if request.duration is not None:
            body["grantDuration"] = wire.duration_text(request.duration)
        asked_at = self._clock.now()
        try:
            return await self._create(body)
        except Unreachable as error:
            if error.status == httpx.codes.TOO_MANY_REQUESTS:
                raise
            # It may have arrived all the same, and even be decided by now.
            if arrived := await self._task_since(body, asked_at - CLOCK_SKEW):
                return arrived
            return await self._create(body)

    async def task(self, task_id: str) -> Task:
        """Return the task as it is now."""
        answer = await self._api.get(f"/api/v1/tasks/{_segment(task_id)}")
        return wire.task(answer, self._api.host)

    async def task_as_sent(self, task_id: str) -> dict[str, Any]:
        """Return the task as the API describes it.

        Raises:
            UpstreamRejected: There is no such task.
        """
        try:
            answer = await self._api.get(f"/api/v1/tasks/{_segment(task_id)}")
        except ApiError as error:
            if error.status in {httpx.codes.NOT_FOUND, httpx.codes.BAD_REQUEST}:
                raise UpstreamRejected(
                    "ConductorOne has no such task",
                    status=error.status,
                    hint="a task is named by its number: cone task get 1234",
                ) from error
            raise
        return dict(wire.dig(answer, "taskView", "task") or {})

    async def permission_sets(self) -> list[PermissionSet | SkippedEntitlement]:
        """Return every AWS permission set of the catalogue, all pages, in its order.

        Raises:
            UpstreamRejected: The pages don't end.
        """
        found: list[PermissionSet | SkippedEntitlement] = []
        seen: set[str] = set()
        page_token = ""
        while True:
            page = await self._api.search(
                "/api/v1/search/request_catalog/entitlements",
                {
                    "expandMask": SEARCH_MASK,
                    "grantedStatus": "ALL",
                    "includeDeleted": False,
                    "pageSize": PAGE_SIZE,
                    "pageToken": page_token,
                },
            )
            found += _permission_sets(page)
            page_token = str(page.get("nextPageToken") or "")
            if not page_token:
                return found
            if page_token in seen:
                raise UpstreamRejected(
                    "ConductorOne's catalogue repeats a page", hint="retry the command"
                )
            seen.add(page_token)

    async def _create(self, body: dict[str, object]) -> Task:
        try:
            answer = await self._api.post("/api/v1/task/grant", body)
        except ApiError as error:
            if error.status == httpx.codes.CONFLICT:
                task_id = _duplicate(error) or await self._open_task(body)
                raise DuplicateTask(task_id) from error
            if error.status == httpx.codes.FORBIDDEN:
                raise NotRequestable(
                    "ConductorOne doesn't let you request this entitlement",
                    hint="ask your administrator to add it to an access profile of yours",
                ) from error
            if error.status == httpx.codes.BAD_REQUEST:
                error.hint = "check the profile's cone_duration against the entitlement's maximum"
            raise
        return wire.task(answer, self._api.host)

    async def _task_since(self, body: dict[str, object], since: datetime) -> Task | None:
        """Return the task for the same access that was made since, open or closed."""
        for row in await self._tasks(body):
            created = wire.timestamp(wire.dig(row, "task", "createdAt"))
            if created and created >= since:
                return wire.task({"taskView": row}, self._api.host)
        return None

    async def _tasks(self, body: dict[str, object], **filters: object) -> list[dict[str, Any]]:
        answer = await self._api.search(
            "/api/v1/search/tasks",
            {
                "openerOrSubjectUserId": body["identityUserId"],
                "applicationIds": [body["appId"]],
                "appEntitlementIds": [body["appEntitlementId"]],
                "taskTypes": [{"grant": {}}],
                "pageSize": 10,
                **filters,
            },
        )
        return wire.rows(answer, "list")

    async def _open_task(self, body: dict[str, object]) -> str:
        """Return the id of the open task that stands in the way, empty where it can't be found."""
        rows = await self._tasks(body, taskStates=["TASK_STATE_OPEN"])
        return next((str(row["task"]["id"]) for row in rows if wire.dig(row, "task", "id")), "")


def _duplicate(error: ApiError) -> str:
    """Return the id in the TaskRef of a 409's details (reference §4.1)."""
    for detail in error.details:
        if str(detail.get("@type", "")).rpartition(".")[2] == TASK_REF and detail.get("id"):
            return str(detail["id"])
    return ""


def _permission_sets(page: dict[str, Any]) -> list[PermissionSet | SkippedEntitlement]:
    expanded = page.get("expanded")
    related = expanded if isinstance(expanded, list) else []
    found = []
    for row in wire.rows(page, "list"):
        view = row.get("entitlement")
        entitlement = wire.dig(view, "appEntitlement")
        if not isinstance(entitlement, dict):
            continue
        recognised = permission_set_from_row(
            entitlement,
            _display_name(related, wire.dig(view, "appResourceTypePath")),
            _display_name(related, wire.dig(view, "appResourcePath")),
            granted=bool(wire.rows(row, "appEntitlementUserBindings")),
        )
        if recognised is not None:
            found.append(recognised)
    return found


def _display_name(related: list[Any], path: object) -> str:
    """Follow a path of the form ``$.expanded[N]`` (reference §3.2)."""
    if not isinstance(path, str):
        return ""
    index = path.removeprefix("$.expanded[").removesuffix("]")
    if not index.isdecimal() or int(index) >= len(related):
        return ""
    return str(wire.dig(related[int(index)], "displayName") or "")


def _entitlement_path(ref: EntitlementRef) -> str:
    return f"/api/v1/apps/{_segment(ref.app_id)}/entitlements/{_segment(ref.entitlement_id)}"


def _segment(identifier: str) -> str:
    """Quote an id for a path; an empty one or a dot would mean another path (reference §0).

    Raises:
        UpstreamRejected: It can't be an id.
    """
    if not identifier.strip("./ "):
        raise UpstreamRejected(f"this is no ConductorOne id: {identifier!r}", hint="cone aws setup")
    return quote(identifier, safe="")
