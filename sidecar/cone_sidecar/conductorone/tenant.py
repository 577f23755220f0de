"""A ConductorOne tenant, as one person: the port ``Tenant`` over its HTTP API."""

from collections.abc import Callable
from typing import Any

import httpx

from cone_sidecar.clock import Clock
from cone_sidecar.conductorone import wire
from cone_sidecar.conductorone.api_client import ApiClient, ApiError
from cone_sidecar.conductorone.api_path import entitlement_path, segment, task_path, user_path
from cone_sidecar.conductorone.form_binding import bound_form_id
from cone_sidecar.conductorone.permission_set import permission_set_from_row
from cone_sidecar.conductorone.request_catalog import CatalogFilter, catalog_entries
from cone_sidecar.conductorone.task_creation import TaskCreation
from cone_sidecar.domain.profile import EntitlementRef, PermissionSet, SkippedEntitlement
from cone_sidecar.domain.task import Entitlement, Grant, GrantRequest, Task
from cone_sidecar.errors import UpstreamRejected


class ConductorOneTenant:
    """Ask one tenant, as the person (or workload) whose credentials ``api`` holds."""

    def __init__(self, api: ApiClient, clock: Clock) -> None:
        self._api = api
        self._grants = TaskCreation(api, clock, "grant")

    @property
    def api(self) -> ApiClient:
        """Return the API itself, for calls that the port doesn't have."""
        return self._api

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

    async def user(self, user_id: str) -> dict[str, Any]:
        """Return a person, as the API describes users."""
        answer = await self._api.get(user_path(user_id))
        return dict(wire.dig(answer, "userView", "user") or {})

    async def grant(self, entitlement: EntitlementRef) -> Grant | None:
        """Return the active grant, None where there is none."""
        user_id = await self.user_id()
        path = f"{entitlement_path(entitlement)}/users/{segment(user_id)}/grants"
        return wire.grant(await self._api.get(path))

    async def entitlement(self, ref: EntitlementRef) -> Entitlement:
        """Return what a request has to respect."""
        return wire.entitlement(await self._api.get(entitlement_path(ref)), ref)

    async def request_form(self, ref: EntitlementRef) -> str:
        """Return the id of the request form; 404 is the API's word for none (reference §3.4)."""
        try:
            return await bound_form_id(self._api, ref)
        except ApiError as error:
            if error.status == httpx.codes.NOT_FOUND:
                return ""
            raise

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
        if request.extension:
            body["source"] = {"isExtension": True}
        if request.duration is not None:
            body["grantDuration"] = wire.duration_text(request.duration)
        answer = await self._grants.create(body)
        return wire.task(answer, self._api.host)

    async def open_request(self, entitlement: EntitlementRef) -> Task | None:
        """Return the open request for an entitlement, None where there is none."""
        wanted = {
            "appId": entitlement.app_id,
            "appEntitlementId": entitlement.entitlement_id,
            "identityUserId": await self.user_id(),
        }
        task_id = await self._grants.open_task_id(wanted)
        return await self.task(task_id) if task_id else None

    async def cancel_request(self, task_id: str) -> None:
        """Close an open task; ConductorOne does it when it gets to it (reference §4.4)."""
        await self._api.post(f"{task_path(task_id)}/action/close", {})

    async def user_name(self, user_id: str) -> str:
        """Return how people call this user; the id where nobody knows."""
        user = await self.user(user_id)
        return str(wire.dig(user, "displayName") or wire.dig(user, "email") or user_id)

    async def task(self, task_id: str) -> Task:
        """Return the task as it is now."""
        answer = await self._api.get(task_path(task_id))
        return wire.task(answer, self._api.host)

    async def permission_sets(
        self, heard: Callable[[PermissionSet | SkippedEntitlement], object] = lambda _: None
    ) -> list[PermissionSet | SkippedEntitlement]:
        """Return every AWS permission set of the catalogue, all pages, in its order.

        ``heard`` is called with each, as it is read.

        Raises:
            UpstreamRejected: The pages don't end.
        """
        found = []
        async for entry in catalog_entries(self._api, CatalogFilter()):
            recognised = permission_set_from_row(
                entry.entitlement,
                entry.resource_type,
                entry.resource,
                granted=bool(entry.bindings),
                app_name=entry.app,
            )
            if recognised is not None:
                found.append(recognised)
                heard(recognised)
        return found
