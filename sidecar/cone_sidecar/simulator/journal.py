"""The journal: which requests came, by whom, and how they ended. Never a secret."""

from collections.abc import MutableMapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cone_sidecar.clock import Clock
from cone_sidecar.simulator.operations import UNKNOWN, operation_of

CONTROL_PREFIX = "/_simulator"
# Names of parameters whose values are no secret and tell something; all others are left out.
TELLING_PARAMETERS = frozenset(
    {
        "Action",
        "account_id",
        "code_challenge_method",
        "max_result",
        "page_size",
        "response_type",
        "role_name",
        "scopes",
    }
)
LONGEST_TEXT = 512


@dataclass(slots=True, eq=False)
class JournalEntry:
    """One request. ``status`` is None while it is being answered, and where no answer was sent."""

    number: int
    method: str
    path: str
    query: dict[str, str]
    operation: str
    who: str
    user_agent: str
    started: datetime
    finished: datetime | None = None
    status: int | None = None
    fault: str = ""

    def as_json(self) -> dict[str, object]:
        """Return it as ``GET /_simulator/requests`` lists it; times are RFC 3339 in UTC."""
        return {
            "number": self.number,
            "method": self.method,
            "path": self.path,
            "query": self.query,
            "operation": self.operation,
            "who": self.who,
            "user_agent": self.user_agent,
            "started": _timestamp(self.started),
            "finished": _timestamp(self.finished) if self.finished else None,
            "status": self.status,
            "fault": self.fault,
        }


class Journal:
    """The entries since the last :meth:`clear`, in the order in which the requests came."""

    def __init__(self) -> None:
        self._entries: list[JournalEntry] = []
        self._count = 0

    @property
    def entries(self) -> tuple[JournalEntry, ...]:
        """Return all entries, those still being answered too."""
        return tuple(self._entries)

    def count(self, operation: str, *, status: int | None = None) -> int:
        """Count the requests for an operation, or those that ended with ``status``."""
        return sum(
            entry.operation == operation and status in (None, entry.status)
            for entry in self._entries
        )

    def open(self, scope: Scope, started: datetime) -> JournalEntry:
        """Write down that a request came."""
        self._count += 1
        query = scope["query_string"].decode("latin-1")
        operation = operation_of(scope["method"], scope["path"], query)
        entry = JournalEntry(
            number=self._count,
            method=scope["method"],
            path=scope["path"][:LONGEST_TEXT],
            query={k: v for k, v in parse_qsl(query) if k in TELLING_PARAMETERS},
            operation=operation.name if operation else UNKNOWN,
            who="",
            user_agent=_header(scope, b"user-agent")[:LONGEST_TEXT],
            started=started,
        )
        self._entries.append(entry)
        return entry

    def clear(self) -> None:
        """Forget all entries."""
        self._entries.clear()


class JournalMiddleware:
    """Write each request into a journal, but not those that steer the simulator."""

    def __init__(self, app: ASGIApp, journal: Journal, clock: Clock) -> None:
        self._app = app
        self._journal = journal
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or scope["path"].startswith(CONTROL_PREFIX):
            await self._app(scope, receive, send)
            return
        entry = self._journal.open(scope, self._clock.now())
        # Whoever finds out who is calling notes it here: as `request.state.who`.
        state: MutableMapping[str, Any] = scope.setdefault("state", {})

        async def noting_send(message: Message) -> None:
            if message["type"] == "http.response.start":
                entry.status = message["status"]
                entry.who = str(state.get("who", ""))
                entry.fault = str(state.get("fault", ""))
            await send(message)

        try:
            await self._app(scope, receive, noting_send)
        finally:
            entry.who = str(state.get("who", ""))
            entry.fault = str(state.get("fault", ""))
            entry.finished = self._clock.now()


def _header(scope: Scope, name: bytes) -> str:
    values = [value for key, value in scope["headers"] if key == name]
    return values[0].decode("latin-1") if values else ""


def _timestamp(moment: datetime) -> str:
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")
