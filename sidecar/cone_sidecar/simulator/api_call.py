"""One call of the tenant's API: whose it is, what it says, and how it is refused."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from cone_sidecar.simulator import protojson
from cone_sidecar.simulator.ids import PATTERN
from cone_sidecar.simulator.oauth import OAuth
from cone_sidecar.simulator.protojson import Refused
from cone_sidecar.simulator.simulated_entitlement import SimulatedEntitlement
from cone_sidecar.simulator.simulated_user import SimulatedUser
from cone_sidecar.simulator.world import World

BEARER = "bearer "


@dataclass(frozen=True, slots=True)
class ApiCall:
    """A call whose bearer was accepted. What reads its body refuses values of another type."""

    world: World
    user: SimulatedUser
    request: Request
    body: dict[str, Any]

    def id(self, name: str) -> str:
        """Return an id of the path; raises Refused where it is no KSUID."""
        value: str = self.request.path_params[name]
        return checked_id(name, value)

    def text(self, name: str) -> str:
        """Return a text of the body, empty where it is absent."""
        value = self.body.get(name)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise _invalid("string", name)
        return value

    def flag(self, name: str) -> bool:
        """Return a boolean of the body, false where it is absent."""
        value = self.body.get(name)
        if value is None:
            return False
        if not isinstance(value, bool):
            raise _invalid("bool", name)
        return value

    def object(self, name: str) -> dict[str, Any]:
        """Return an object of the body, an empty one where it is absent."""
        value = self.body.get(name)
        if value is None:
            return {}
        if not isinstance(value, dict):
            raise _invalid("message", name)
        return value

    def texts(self, name: str) -> list[str]:
        """Return a list of texts of the body, an empty one where it is absent."""
        values = self._list(name)
        if not all(isinstance(value, str) for value in values):
            raise _invalid("string", name)
        return values

    def objects(self, name: str) -> list[dict[str, Any]]:
        """Return a list of objects of the body, an empty one where it is absent."""
        values = self._list(name)
        if not all(isinstance(value, dict) for value in values):
            raise _invalid("message", name)
        return values

    def entitlement(self, app_id: str, entitlement_id: str) -> SimulatedEntitlement:
        """Return the entitlement; its id is looked up inside its app.

        Raises:
            Refused: There is none.
        """
        found = self.world.entitlements.get(entitlement_id)
        if found is None or app_id != self.world.app_id:
            raise not_found()
        return found

    def _list(self, name: str) -> list[Any]:
        value = self.body.get(name)
        if value is None:
            return []
        if not isinstance(value, list):
            raise _invalid("list", name)
        return value


Handler = Callable[[ApiCall], dict[str, Any]]


def not_found() -> Refused:
    """Return the refusal of what isn't there."""
    return Refused(HTTPStatus.NOT_FOUND, "not found")


def checked_id(name: str, value: object) -> str:
    """Return ``value`` if it is an id.

    Raises:
        Refused: It is none; the text names the pattern, as the real one's does.
    """
    if not isinstance(value, str) or not PATTERN.fullmatch(value):
        raise Refused(
            HTTPStatus.BAD_REQUEST,
            f'invalid {name}: value does not match regex pattern "{PATTERN.pattern}"',
        )
    return value


class Api:
    """Turn handlers into routes."""

    def __init__(self, world: World, oauth: OAuth) -> None:
        self._world = world
        self._oauth = oauth

    def route(
        self, method: str, path: str, handler: Handler, *, for_devices: bool = False
    ) -> BaseRoute:
        """Return a route; ``for_devices`` lets the token of a device login in as well."""

        async def endpoint(request: Request) -> Response:
            try:
                user = self._authorized(request, for_devices=for_devices)
                body = _body(await request.body())
                self._world.settle_all()
                return protojson.answer(handler(ApiCall(self._world, user, request, body)))
            except Refused as refused:
                return protojson.refusal(refused)

        wrapped: Callable[[Request], Awaitable[Response]] = endpoint
        return Route(path, wrapped, methods=[method])

    def _authorized(self, request: Request, *, for_devices: bool) -> SimulatedUser:
        header = request.headers.get("authorization", "")
        token = header[len(BEARER) :] if header.lower().startswith(BEARER) else ""
        bearer = self._oauth.bearer(token)
        if bearer is None:
            raise Refused(HTTPStatus.UNAUTHORIZED, "invalid or missing access token")
        user = self._world.users[bearer.user_id]
        request.state.who = user.email
        if bearer.of_device and not for_devices:
            raise Refused(HTTPStatus.FORBIDDEN, "this token may only create personal clients")
        return user


def _invalid(kind: str, name: str) -> Refused:
    return Refused(HTTPStatus.BAD_REQUEST, f"proto: invalid value for {kind} field {name}")


def _body(data: bytes) -> dict[str, Any]:
    if not data.strip():
        return {}
    try:
        content = json.loads(data)
    except ValueError:
        raise Refused(HTTPStatus.BAD_REQUEST, "proto: syntax error: the body is no JSON") from None
    if not isinstance(content, dict):
        raise Refused(HTTPStatus.BAD_REQUEST, "proto: the body is no object")
    return protojson.fields(content)
