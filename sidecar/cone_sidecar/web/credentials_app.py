"""The credentials listener: ``GET /credentials/<profile>`` for SDKs, and nothing else."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import unquote

from cone_sidecar.broker import AccessBroker
from cone_sidecar.catalogue import ProfileSource
from cone_sidecar.domain.ports import HeldCredentials
from cone_sidecar.errors import (
    ConeError,
    InternalError,
    ProfileNotFound,
    RequestRefused,
    StillProcessing,
)
from cone_sidecar.web.answer import (
    Answer,
    credentials_answer,
    error_answer,
    one_line,
    person_message,
)
from cone_sidecar.web.client_patience import LONGEST_S, patience_of
from cone_sidecar.web.guard import HostGuard, MethodRefused, TokenGuard

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

PREFIX = "/credentials/"
LONGEST_LOGGED_PATH = 120
logger = logging.getLogger(__name__)


class NotFound(RequestRefused):
    """There is nothing at this path."""

    code = "NotFound"
    http_status = 404


class CredentialsApp:
    """An ASGI application without routing: one path, answered from memory where that is possible."""

    def __init__(
        self,
        *,
        broker: AccessBroker,
        profiles: ProfileSource,
        host_guard: HostGuard,
        token_guard: TokenGuard,
        longest_wait_s: float = LONGEST_S,
    ) -> None:
        self._broker = broker
        self._profiles = profiles
        self._host_guard = host_guard
        self._token_guard = token_guard
        self._longest_wait_s = longest_wait_s
        self._printed: dict[str, tuple[HeldCredentials, Answer]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 -- ASGI's
        """Answer one request."""
        if scope["type"] != "http":
            return
        answer = await self._answer(scope)
        await send(
            {"type": "http.response.start", "status": answer.status, "headers": answer.headers}
        )
        await send({"type": "http.response.body", "body": answer.body})

    async def _answer(self, scope: Scope) -> Answer:
        headers = scope["headers"]
        refused = self._host_guard.refusal(scope["method"], headers)
        if refused:
            allow = ((b"allow", b"GET"),) if isinstance(refused, MethodRefused) else ()
            return self._refuse(refused, scope, *allow)
        if refused := self._token_guard.refusal(headers):
            return self._refuse(refused, scope)
        name = _profile_name(scope)
        if name is None:
            return self._refuse(NotFound(f"the path is {PREFIX}<profile>"), scope)
        try:
            profile = self._profiles.known(name)
            held = self._broker.cached(profile) if profile else None
            held = held or await self._obtain(name, scope)
        except ConeError as error:
            if isinstance(error, ProfileNotFound):
                # The name is the caller's: nothing of it is sent back.
                error = ProfileNotFound("no such profile", hint="cone aws setup")
            return self._refuse(error, scope)
        except Exception:  # the sidecar goes on, whatever one profile runs into
            logger.exception("credentials could not be served")
            return self._refuse(
                InternalError("internal error", hint="see the sidecar's log"), scope
            )
        return self._print(name, held)

    async def _obtain(self, name: str, scope: Scope) -> HeldCredentials:
        """Find the profile and its credentials, for as long as this client waits."""
        patience = patience_of(
            _header(scope, b"user-agent"), _header(scope, b"accept"), self._longest_wait_s
        )
        try:
            async with asyncio.timeout(patience.seconds):
                profile = await self._profiles.profile(name)
        except TimeoutError:
            raise StillProcessing(
                "the catalogue is still being read", hint="retry the command shortly"
            ) from None
        return await self._broker.obtain(profile, patience)

    def _print(self, name: str, held: HeldCredentials) -> Answer:
        printed = self._printed.get(name)
        if printed is None or printed[0] is not held:
            printed = (held, credentials_answer(held.credentials))
            self._printed[name] = printed
        return printed[1]

    def _refuse(self, error: ConeError, scope: Scope, *headers: tuple[bytes, bytes]) -> Answer:
        # Half of the SDKs never show the message: the log is where their users find it.
        path = one_line(self._token_guard.hide(scope["path"]))[:LONGEST_LOGGED_PATH]
        logger.warning("refused: %s: %s: %s", path, error.code, person_message(error))
        return error_answer(error, *headers)


def _profile_name(scope: Scope) -> str | None:
    """Return the one segment after the prefix, percent-decoded once, None where the path is another."""
    try:
        raw: str = (scope.get("raw_path") or scope["path"].encode()).decode("ascii")
    except UnicodeDecodeError:
        return None
    if not raw.startswith(PREFIX):
        return None
    segment = raw[len(PREFIX) :].partition("?")[0]
    if not segment or "/" in segment:
        return None
    try:
        return unquote(segment, errors="strict")
    except UnicodeDecodeError:
        return None


def _header(scope: Scope, wanted: bytes) -> bytes:
    return next((value for name, value in scope["headers"] if name == wanted), b"")
