"""Steering a simulator from tests and demos: everything under ``/_simulator/``."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from cone_sidecar.clock import rfc3339
from cone_sidecar.simulator.control_body import (
    ControlRefused,
    read_body,
    required_text,
    text_of,
)
from cone_sidecar.simulator.device_authorization import DeviceAuthorizations
from cone_sidecar.simulator.fault_form import FAULT_KEYS, parse_duration, parse_fault
from cone_sidecar.simulator.faults import Faults
from cone_sidecar.simulator.journal import CONTROL_PREFIX, Journal
from cone_sidecar.simulator.simulated_entitlement import SimulatedAccount
from cone_sidecar.simulator.simulated_user import SimulatedUser
from cone_sidecar.simulator.sso_sessions import SsoSessions
from cone_sidecar.simulator.world import World

Handler = Callable[[Request], Awaitable[Response]]
NO_CONTENT = 204
NOT_FOUND = 404
CONFLICT = 409


@dataclass(frozen=True, slots=True)
class Control:
    """Answer the requests that steer a simulator."""

    world: World
    journal: Journal
    faults: Faults
    devices: DeviceAuthorizations
    sessions: SsoSessions

    async def list_requests(self, _: Request) -> Response:
        """Return the journal."""
        return JSONResponse([entry.as_json() for entry in self.journal.entries])

    async def clear_requests(self, _: Request) -> Response:
        """Empty the journal."""
        self.journal.clear()
        return Response(status_code=NO_CONTENT)

    async def list_faults(self, _: Request) -> Response:
        """Return the faults in force."""
        return JSONResponse(self.faults.as_json())

    async def add_fault(self, request: Request) -> Response:
        """Put a fault in force."""
        fault = parse_fault(await read_body(request, FAULT_KEYS))
        self.faults.add(fault)
        return JSONResponse(fault.as_json(), status_code=201)

    async def clear_faults(self, _: Request) -> Response:
        """Lift all faults."""
        self.faults.clear()
        return Response(status_code=NO_CONTENT)

    async def decide_task(self, request: Request) -> Response:
        """Approve, deny or cancel a task, as one of its approvers would."""
        await read_body(request, ())
        number, decision = request.path_params["number"], _last_word(request)
        try:
            self.world.decide_task(number, decision)
        except KeyError:
            raise ControlRefused(f"there is no task {number}", status=NOT_FOUND) from None
        except ValueError as error:
            raise ControlRefused(str(error), status=CONFLICT) from None
        return JSONResponse({"task": number, "decision": decision})

    async def decide_device(self, request: Request) -> Response:
        """Confirm or deny a device authorization, as the first user or the one with ``email``."""
        body = await read_body(request, {"email"})
        user_code, decision = request.path_params["user_code"], _last_word(request)
        user = self._user(body) or self.world.first_user
        try:
            if decision == "confirm":
                self.devices.confirm(user_code, user.id)
            else:
                self.devices.deny(user_code)
        except KeyError:
            raise ControlRefused(f"no device waits with {user_code}", status=NOT_FOUND) from None
        return JSONResponse({"user_code": user_code, "decision": decision})

    async def revoke_grant(self, request: Request) -> Response:
        """End a grant at once, in ConductorOne and at AWS."""
        body = await read_body(request, {"email", "account", "permission_set"})
        user = self._user(body) or self.world.first_user
        account = self._account(required_text(body, "account")).id
        role_name = required_text(body, "permission_set")
        try:
            self.world.revoke_grant(user.id, account, role_name)
        except KeyError:
            raise ControlRefused(
                f"{user.email} has no grant of {role_name} there", status=NOT_FOUND
            ) from None
        return JSONResponse({"email": user.email, "account": account, "permission_set": role_name})

    async def rename_account(self, request: Request) -> Response:
        """Give an AWS account another name, which ConductorOne shows from then on."""
        body = await read_body(request, {"account", "name"})
        account = self._account(required_text(body, "account"))
        account.name = required_text(body, "name")
        return JSONResponse({"account": account.id, "name": account.name})

    async def list_entitlement(self, request: Request) -> Response:
        """Take a permission set out of the catalogue, or put it back; its grants stay."""
        body = await read_body(request, {"account", "permission_set"})
        account = self._account(required_text(body, "account"))
        role_name = required_text(body, "permission_set")
        for entitlement in self.world.entitlements.values():
            if (entitlement.account, entitlement.role_name) == (account, role_name):
                entitlement.listed = _last_word(request) == "add"
                return JSONResponse({"permission_set": role_name, "listed": entitlement.listed})
        raise ControlRefused(f"there is no permission set {role_name} there", status=NOT_FOUND)

    async def advance_clock(self, request: Request) -> Response:
        """Move the simulated time forward."""
        body = await read_body(request, {"seconds"})
        if "seconds" not in body:
            raise ControlRefused("'seconds' is needed")
        self.world.clock.advance(parse_duration(body["seconds"], key="seconds"))
        return JSONResponse({"now": rfc3339(self.world.clock.now())})

    async def expire_sessions(self, request: Request) -> Response:
        """End access tokens of Identity Center, or whole sessions with their refresh tokens."""
        body = await read_body(request, {"email", "kind"})
        user = self._user(body)
        user_id = user.id if user else None
        kind = text_of(body, "kind") or "access"
        if kind == "access":
            expired = self.sessions.expire_access_tokens(user_id)
        elif kind == "all":
            expired = self.sessions.close_all(user_id)
        else:
            raise ControlRefused("'kind' is 'access' or 'all'")
        return JSONResponse({"expired": expired})

    def _user(self, body: dict[str, Any]) -> SimulatedUser | None:
        email = text_of(body, "email")
        if not email:
            return None
        user = self.world.user_by_email(email)
        if user is None:
            raise ControlRefused(f"there is no user {email}", status=NOT_FOUND)
        return user

    def _account(self, name_or_id: str) -> SimulatedAccount:
        for account in self.world.accounts.values():
            if name_or_id in (account.id, account.name):
                return account
        raise ControlRefused(f"there is no account {name_or_id}", status=NOT_FOUND)


def control_routes(control: Control) -> list[BaseRoute]:
    """Return the routes under ``/_simulator/``; the last word of a decision's path is what is decided."""
    rows: tuple[tuple[str, str, Handler], ...] = (
        ("GET", "/requests", control.list_requests),
        ("DELETE", "/requests", control.clear_requests),
        ("GET", "/faults", control.list_faults),
        ("POST", "/faults", control.add_fault),
        ("DELETE", "/faults", control.clear_faults),
        ("POST", "/tasks/{number}/approve", control.decide_task),
        ("POST", "/tasks/{number}/deny", control.decide_task),
        ("POST", "/tasks/{number}/cancel", control.decide_task),
        ("POST", "/device/{user_code}/confirm", control.decide_device),
        ("POST", "/device/{user_code}/deny", control.decide_device),
        ("POST", "/grants/revoke", control.revoke_grant),
        ("POST", "/accounts/rename", control.rename_account),
        ("POST", "/catalogue/remove", control.list_entitlement),
        ("POST", "/catalogue/add", control.list_entitlement),
        ("POST", "/clock/advance", control.advance_clock),
        ("POST", "/sessions/expire", control.expire_sessions),
    )
    return [
        Route(CONTROL_PREFIX + path, _refusing(handler), methods=[method])
        for method, path, handler in rows
    ]


def _last_word(request: Request) -> str:
    return request.url.path.rpartition("/")[2]


def _refusing(handler: Handler) -> Handler:
    async def answer(request: Request) -> Response:
        try:
            return await handler(request)
        except ControlRefused as refused:
            return JSONResponse({"error": refused.message}, status_code=refused.status)

    return answer
