"""What a person tells the sidecar to do with a profile's access, or with the AWS sign-in."""

import asyncio
import contextlib
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from cone_sidecar.broker import AccessBroker
from cone_sidecar.catalogue import ProfileSource
from cone_sidecar.domain.ports import Connections, IdentityCenter, SessionEnded
from cone_sidecar.domain.profile import Profile, RequestTerms
from cone_sidecar.duration import parse_duration
from cone_sidecar.errors import ConeError, InternalError, ProfileNotFound, UsageError
from cone_sidecar.flight import Flight
from cone_sidecar.patience import ONCE_REQUESTED, Patience
from cone_sidecar.refusal import phase_of
from cone_sidecar.web.answer import NO_STORE
from cone_sidecar.web.refusal_log import RefusalLog
from cone_sidecar.web.status_view import error_view, profile_view, time_view

LARGEST_BODY = 8192
# An answer that comes a little later can say how the request stands.
SETTLES_WITHIN_S = 2.0
TERMS = ("justification", "duration", "emergency")

Handler = Callable[[Request], Awaitable[dict[str, object]]]
Guard = Callable[[Request], ConeError | None]
logger = logging.getLogger(__name__)


class AccessCommands:
    """Do as a person says whom ``guard`` lets in; nothing here gives credentials away."""

    def __init__(
        self,
        *,
        broker: AccessBroker,
        profiles: ProfileSource,
        connections: Connections,
        guard: Guard | None,
        refusals: RefusalLog,
    ) -> None:
        self._broker = broker
        self._profiles = profiles
        self._connections = connections
        self._guard = guard
        self._refusals = refusals
        self._completing: set[asyncio.Task[None]] = set()

    def routes(self) -> list[Route]:
        """Return the routes of the commands."""
        commands: dict[str, Handler] = {
            "/profiles/{profile:path}/request": self._request,
            "/profiles/{profile:path}/refresh": self._refresh,
            "/profiles/{profile:path}/cancel": self._cancel,
            "/profiles/{profile:path}/forget": self._forget,
            "/sign-in": self._sign_in,
        }
        return [
            Route(path, self._guarded(command), methods=["POST"])
            for path, command in commands.items()
        ]

    def _guarded(self, command: Handler) -> Callable[[Request], Awaitable[Response]]:
        """Refuse whoever isn't let in, and turn errors into answers."""

        async def endpoint(request: Request) -> Response:
            if self._guard and (refused := self._guard(request)):
                peer = request.client.host if request.client else ""
                self._refusals.refused(peer, request.scope["path"], refused)
                return _refused(refused)
            try:
                return JSONResponse(await command(request), headers=NO_STORE)
            except ConeError as error:
                return _refused(error)
            except Exception as error:
                logger.exception("a command of the management listener broke off")
                fault = f"internal error ({type(error).__name__})"
                return _refused(InternalError(fault, hint="see the log, and report it"))

        return endpoint

    async def _request(self, request: Request) -> dict[str, object]:
        """Ask for access now, in the terms of the body."""
        profile = await self._profile(request)
        terms = _terms(await _body(request, TERMS), profile.terms)
        flight = self._broker.flight(profile)
        flight.request(terms)
        return await _settled(flight)

    async def _refresh(self, request: Request) -> dict[str, object]:
        """Get new credentials now."""
        flight = await self._flight(request)
        flight.renew()
        return await _settled(flight)

    async def _cancel(self, request: Request) -> dict[str, object]:
        """Close the open request."""
        flight = await self._flight(request)
        await self._broker.cancel_request(flight.profile)
        return profile_view(flight.profile, flight.state)

    async def _forget(self, request: Request) -> dict[str, object]:
        """Drop credentials and failures."""
        flight = await self._flight(request)
        flight.forget()
        return profile_view(flight.profile, flight.state)

    async def _sign_in(self, request: Request) -> dict[str, object]:
        """Offer a sign-in to each Identity Center whose session has ended, or to the named one."""
        wanted = str((await _body(request, ("sso_session",))).get("sso_session") or "")
        centers = {
            profile.session.name: self._connections.identity_center(profile)
            for profile in await self._profiles.profiles()
        }
        if wanted and wanted not in centers:
            raise UsageError(
                "no profile belongs to an SSO session of that name",
                hint=f"one of: {', '.join(centers)}",
            )
        asked = {name: center for name, center in centers.items() if wanted in {"", name}}
        offers = await asyncio.gather(*(self._offer_or_error(each) for each in asked.values()))
        return dict(zip(asked, offers, strict=True))

    async def _offer_or_error(self, center: IdentityCenter) -> dict[str, object]:
        """One instance that can't be reached is no reason not to sign in to another."""
        try:
            return await self._offer(center)
        except ConeError as error:
            return {"state": str(phase_of(error)), "error": error_view(error)}

    async def _offer(self, center: IdentityCenter) -> dict[str, object]:
        try:
            return {"state": "signed in", "expires": time_view(await center.session_ends())}
        except SessionEnded:
            pending = await center.begin_sign_in()
        if pending is None:
            return {"state": "signed in", "expires": time_view(await center.session_ends())}
        task = asyncio.create_task(_complete(center))
        self._completing.add(task)
        task.add_done_callback(self._completing.discard)
        return {
            "state": "sign-in required",
            "sign_in_url": pending.verification_uri_complete,
            "user_code": pending.user_code,
            "expires": time_view(pending.expires),
        }

    async def _flight(self, request: Request) -> Flight:
        """Return the flight of a command that takes no terms."""
        await _body(request, ())
        return self._broker.flight(await self._profile(request))

    async def _profile(self, request: Request) -> Profile:
        return await self._profiles.profile(request.path_params["profile"])


def _refused(error: ConeError) -> JSONResponse:
    """Answer with ``error``; a profile that isn't there is a resource that isn't."""
    missing = isinstance(error, ProfileNotFound)
    status = HTTPStatus.NOT_FOUND if missing else error.http_status
    return JSONResponse(error_view(error), status, headers=NO_STORE)


async def _complete(center: IdentityCenter) -> None:
    try:
        await center.complete_sign_in()
    except ConeError as error:
        logger.warning("sign-in: %s", error.message)


async def _settled(flight: Flight) -> dict[str, object]:
    """Return the state once it says something, or as it is after a moment."""
    with contextlib.suppress(ConeError):
        await flight.obtain(Patience(SETTLES_WITHIN_S, ONCE_REQUESTED))
    return profile_view(flight.profile, flight.state)


async def _body(request: Request, known: tuple[str, ...]) -> Mapping[str, Any]:
    """Read a JSON object of ``known`` keys; an empty body is an empty one.

    Raises:
        UsageError: It is something else.
    """
    data = b""
    try:
        async for chunk in request.stream():
            data += chunk
            if len(data) > LARGEST_BODY:
                raise UsageError("the body is too large", hint=f"send at most {LARGEST_BODY} bytes")
    except ClientDisconnect:
        raise UsageError("the body breaks off") from None
    try:
        body = json.loads(data or b"{}")
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict) or not set(body) <= set(known):
        raise UsageError(
            "the body is no JSON object of known keys",
            hint=f"keys: {', '.join(known) or 'none'}",
        )
    return body


def _terms(body: Mapping[str, Any], terms: RequestTerms) -> RequestTerms:
    """Return ``terms`` with what ``body`` says over them."""
    justification, emergency = body.get("justification"), body.get("emergency", terms.emergency)
    duration = body.get("duration")
    if not isinstance(justification, str | None) or not isinstance(emergency, bool):
        raise UsageError(
            "justification is a text and emergency is true or false",
            hint='{"justification": "incident 42", "duration": "2h", "emergency": false}',
        )
    if duration is not None and not (isinstance(duration, str) and parse_duration(duration)):
        raise UsageError("duration is no duration", hint='{"duration": "2h45m"}')
    return replace(
        terms,
        justification=justification or terms.justification,
        duration=parse_duration(duration) if duration else terms.duration,
        emergency=emergency,
    )
