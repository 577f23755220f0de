"""What the listeners for SDKs have in common: each answer is told, each refusal has one form."""

import itertools
import logging
import secrets
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

from cone_sidecar.domain.ports import HeldCredentials
from cone_sidecar.domain.profile import Profile
from cone_sidecar.errors import ConeError, InternalError, RequestRefused
from cone_sidecar.web.answer import Answer, error_answer
from cone_sidecar.web.answered import Hear, Outcome
from cone_sidecar.web.guard import BodyRefused, MethodRefused
from cone_sidecar.web.limited_protocol import sent_whole
from cone_sidecar.web.refusal_log import RefusalLog
from cone_sidecar.web.seen_headers import SeenHeaders, read_headers

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Reply = tuple[Answer, Outcome]

SERVED = "Served"
# The peer on the other side of the unix socket.
UNIX = "unix"
CLOSE = (b"connection", b"close")
logger = logging.getLogger(__name__)


class NotFound(RequestRefused):
    """There is nothing at this path."""

    code = "NotFound"
    http_status = 404


class AnsweringApp(ABC):
    """An ASGI application without routing; what it answers is told to all of ``hears``."""

    def __init__(self, refusals: RefusalLog, hears: Iterable[Hear] = ()) -> None:
        self._refusals = refusals
        self._hears = tuple(hears)
        self._ids = itertools.count(1)
        self._id_prefix = secrets.token_hex(4)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 -- ASGI's
        """Answer one request."""
        if scope["type"] != "http":
            return
        seen = read_headers(scope["headers"])
        try:
            answer, outcome = await self._answer(scope, seen)
        except ConeError as error:
            answer, outcome = self._refuse(error, scope, seen)
        except Exception:  # the sidecar goes on, whatever one profile runs into
            logger.exception("a request could not be answered")
            fault = InternalError("internal error", hint="see the sidecar's log")
            answer, outcome = self._refuse(fault, scope, seen)
        if self._hears:
            self._tell(scope, seen, outcome)
        if answer.whole and sent_whole(send, answer.whole):
            return
        await send(
            {"type": "http.response.start", "status": answer.status, "headers": answer.headers}
        )
        await send({"type": "http.response.body", "body": answer.body})

    @abstractmethod
    async def _answer(self, scope: Scope, seen: SeenHeaders) -> Reply:
        """Return the answer, and what is told of it; raises ConeError to refuse."""

    def _refuse(self, error: ConeError, scope: Scope, seen: SeenHeaders) -> Reply:
        """Return the answer that refuses; it is one line in the log as well."""
        del seen
        client = scope.get("client")
        self._refusals.refused(client[0] if client else UNIX, self._shown(scope), error)
        headers = []
        if isinstance(error, MethodRefused):
            headers.append((b"allow", error.allow.encode()))
        if isinstance(error, BodyRefused | MethodRefused):
            # Whatever else is on its way is no question of ours.
            headers.append(CLOSE)
        answer = error_answer(error, *headers)
        return answer, Outcome(error.code, answer.status, profile=error.profile, task=error.task)

    def _shown(self, scope: Scope) -> str:
        """Return the path as the log may show it."""
        path: str = scope["path"]
        return path

    def _tell(self, scope: Scope, seen: SeenHeaders, outcome: Outcome) -> None:
        client = scope.get("client")
        peer = f"{client[0]}:{client[1]}" if client else UNIX
        request_id = f"{self._id_prefix}-{next(self._ids):x}"
        for hear in self._hears:
            hear(peer, seen.user_agent, outcome, request_id)


def served(profile: Profile, held: HeldCredentials, task: str) -> Outcome:
    """Return what is told of an answer that gives credentials out."""
    credentials = held.credentials
    return Outcome(
        SERVED,
        200,
        profile=profile.name,
        key_id=credentials.access_key_id[-4:],
        expires=credentials.expiration.timestamp(),
        task=task,
    )
