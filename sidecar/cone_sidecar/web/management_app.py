"""The management listener: is it alive, is it ready, how do things stand. Never shows a secret."""

import contextlib
from collections.abc import Awaitable, Callable, Sequence

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route, Router

from cone_sidecar.broker import AccessBroker
from cone_sidecar.catalogue import ProfileSource
from cone_sidecar.errors import ConeError
from cone_sidecar.metrics import CONTENT_TYPE, Metrics
from cone_sidecar.web.access_commands import AccessCommands, Guard
from cone_sidecar.web.answer import NO_STORE, person_message
from cone_sidecar.web.status_view import error_view, profile_view

Missing = Callable[[], Sequence[ConeError]]
Handler = Callable[[Request], Awaitable[Response]]


class ManagementApp:
    """Answer what a person, a probe or a script asks about the sidecar; ``commands`` do as they say.

    ``missing`` tells what has to be done before any profile can be served.
    Profiles are spoken of only to whom ``by_name`` lets in, their requests only to whom ``guard`` does.
    """

    def __init__(
        self,
        *,
        broker: AccessBroker,
        profiles: ProfileSource,
        missing: Missing,
        by_name: Guard | None,
        guard: Guard | None,
        commands: AccessCommands,
        metrics: Metrics,
    ) -> None:
        self._broker = broker
        self._profiles = profiles
        self._missing = missing
        self._by_name = by_name
        self._guard = guard
        self._commands = commands
        self._metrics = metrics

    def build(self, *further: Route) -> Router:
        """Return the ASGI application, with ``further`` routes."""
        # Starlette's own application would bring pages for debugging along, half a megabyte of them. A
        # redirect to a path without its slash would lead to whatever Host a caller names.
        return Router(
            redirect_slashes=False,
            routes=[
                # These two tell nothing, by whatever name they are asked for.
                Route("/livez", self.livez, methods=["GET"]),
                Route("/readyz", self.readyz, methods=["GET"]),
                self._route("/readyz/{profile:path}", self.readyz_profile, self._by_name),
                self._route("/metrics", self.metrics, self._by_name),
                self._route("/status", self.status, self._guard),
                *self._commands.routes(),
                *further,
            ],
        )

    def _route(self, path: str, handler: Handler, guard: Guard | None) -> Route:
        """Return a route on which whoever ``guard`` refuses is told so."""

        async def endpoint(request: Request) -> Response:
            if guard and (refused := guard(request)):
                return JSONResponse(error_view(refused), refused.http_status, headers=NO_STORE)
            return await handler(request)

        return Route(path, endpoint, methods=["GET"])

    async def livez(self, request: Request) -> Response:  # noqa: ARG002 -- a route's signature
        """Say that the process answers."""
        return PlainTextResponse("ok\n", headers=NO_STORE)

    async def readyz(self, request: Request) -> Response:  # noqa: ARG002 -- a route's signature
        """Say whether profiles can be served: whether it is known which there are, and who we are."""
        if missing := self._missing():
            text = "".join(person_message(error) + "\n" for error in missing)
            return PlainTextResponse(text, status_code=503, headers=NO_STORE)
        try:
            await self._profiles.profiles()
        except ConeError as error:
            return PlainTextResponse(
                person_message(error) + "\n", status_code=503, headers=NO_STORE
            )
        return PlainTextResponse("ok\n", headers=NO_STORE)

    async def readyz_profile(self, request: Request) -> Response:
        """Say whether one profile's credentials can be had at once."""
        name = request.path_params["profile"]
        try:
            profiles = {profile.name: profile for profile in await self._profiles.profiles()}
        except ConeError as error:
            return PlainTextResponse(
                person_message(error) + "\n", status_code=503, headers=NO_STORE
            )
        if name not in profiles:
            return PlainTextResponse("no such profile\n", status_code=404, headers=NO_STORE)
        if self._broker.flight(profiles[name]).serveable():
            return PlainTextResponse("ok\n", headers=NO_STORE)
        state = self._broker.state(profiles[name])
        return PlainTextResponse(f"{state.phase}\n", status_code=503, headers=NO_STORE)

    async def metrics(self, request: Request) -> Response:  # noqa: ARG002 -- a route's signature
        """Tell Prometheus what was answered, and where each profile's story stands."""
        profiles = []
        with contextlib.suppress(ConeError):
            profiles = list(await self._profiles.profiles())
        text = self._metrics.text(self._broker.states(profiles))
        return PlainTextResponse(text, headers=NO_STORE, media_type=CONTENT_TYPE)

    async def status(self, request: Request) -> Response:  # noqa: ARG002 -- a route's signature
        """Tell where each profile's story stands."""
        view: dict[str, object] = {"version": _version(), "profiles": {}}
        try:
            profiles = list(await self._profiles.profiles())
        except ConeError as error:
            view["error"] = error_view(error)
        else:
            states = self._broker.states(profiles)
            view["profiles"] = {
                profile.name: profile_view(profile, states[profile.name]) for profile in profiles
            }
        if missing := self._missing():
            view["missing"] = [error_view(error) for error in missing]
        return JSONResponse(view, headers=NO_STORE)


def nothing_missing() -> Sequence[ConeError]:
    """Say that nobody has to do anything before profiles can be served."""
    return ()


def _version() -> str:
    # Importing it costs 10 ms, which a start that nobody asks for its version needn't pay.
    from importlib.metadata import version  # noqa: PLC0415 -- as said above

    return version("cone-sidecar")
