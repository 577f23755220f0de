"""Faults: what goes wrong on purpose, for the requests of chosen operations."""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cone_sidecar.clock import Clock
from cone_sidecar.simulator.journal import CONTROL_PREFIX
from cone_sidecar.simulator.operations import UNKNOWN, matches_operation, operation_of, service_of
from cone_sidecar.simulator.service_errors import service_error
from cone_sidecar.simulator.transport import close_connection, reset_connection

FAULT_TEXT = "fault injected by the simulator"
TOO_MANY_REQUESTS = 429
HTML_PAGE = "<!doctype html><title>ConductorOne</title><div id=root></div>"


@dataclass(slots=True)
class Fault:
    """What happens to requests of an operation.

    Args:
        operation: A name, or a pattern such as ``TaskService.*`` or ``*``.
        latency: Seconds to wait before anything else happens.
        status: Answer with this HTTP status, as the service writes its errors.
        retry_after: A ``Retry-After`` header; its status is 429 where none is given.
        reset: Reset the connection before any answer.
        hang: Never answer.
        truncate: Break the connection off in the middle of the body.
        html: Answer 200 with a web page.
        body: The body of a ``status``, instead of the service's own.
        count: How many requests it is for; None for all of them.
    """

    operation: str
    latency: float = 0.0
    status: int | None = None
    retry_after: str = ""
    reset: bool = False
    hang: bool = False
    truncate: bool = False
    html: bool = False
    body: str | None = None
    count: int | None = None
    hits: int = field(default=0)

    @property
    def effect(self) -> str:
        """Return what it does, in one word; a status by its number."""
        for name in ("reset", "hang", "truncate", "html"):
            if getattr(self, name):
                return name
        return str(self.status) if self.status else "latency"

    def matches(self, operation: str) -> bool:
        """Tell whether it is for ``operation``, and not used up."""
        used_up = self.count is not None and self.hits >= self.count
        return not used_up and matches_operation(self.operation, operation)

    def as_json(self) -> dict[str, object]:
        """Return it as ``GET /_simulator/faults`` lists it."""
        return {
            "operation": self.operation,
            "effect": self.effect,
            "latency": self.latency,
            "retry_after": self.retry_after,
            "count": self.count,
            "hits": self.hits,
        }


class Faults:
    """The faults in force, the oldest first: the first that matches a request is what happens to it."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Put a fault in force."""
        self._faults.append(fault)

    def clear(self) -> None:
        """Lift all faults."""
        self._faults.clear()

    def take(self, operation: str) -> Fault | None:
        """Return the fault for a request of ``operation``, and count it."""
        for fault in self._faults:
            if fault.matches(operation):
                fault.hits += 1
                return fault
        return None

    def as_json(self) -> list[dict[str, object]]:
        """Return all of them, the used-up ones too."""
        return [fault.as_json() for fault in self._faults]


class FaultMiddleware:
    """Let faults happen, after the scenario's own latency. Requests that steer the simulator are spared."""

    def __init__(self, app: ASGIApp, faults: Faults, clock: Clock, latency: float) -> None:
        self._app = app
        self._faults = faults
        self._clock = clock
        self._latency = latency

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or fail at it as a fault says."""
        if scope["type"] != "http" or scope["path"].startswith(CONTROL_PREFIX):
            await self._app(scope, receive, send)
            return
        if self._latency:
            await self._clock.sleep(self._latency)
        operation = operation_of(
            scope["method"], scope["path"], scope["query_string"].decode("latin-1")
        )
        fault = self._faults.take(operation.name if operation else UNKNOWN)
        if fault is None:
            await self._app(scope, receive, send)
            return
        scope.setdefault("state", {})["fault"] = fault.effect
        if fault.latency:
            await self._clock.sleep(fault.latency)
        await self._fail(fault, scope, receive, send)

    async def _fail(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        if fault.reset:
            reset_connection(scope)
            await gone(receive)
        elif fault.hang:
            await gone(receive)
        elif fault.truncate:
            with contextlib.suppress(BrokenOff):
                await self._app(scope, receive, _breaking_off(send))
            close_connection(scope)
            await gone(receive)
        elif fault.html:
            await HTMLResponse(HTML_PAGE)(scope, receive, send)
        elif fault.status:
            await _response(fault, fault.status, scope["path"])(scope, receive, send)
        else:
            await self._app(scope, receive, send)


class BrokenOff(Exception):
    """Half of a body has gone out, and no more will."""


async def gone(receive: Receive) -> None:
    """Wait until the client has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass


def _breaking_off(send: Send) -> Send:
    async def half(message: Message) -> None:
        if message["type"] == "http.response.body":
            body: bytes = message.get("body", b"")
            await send({**message, "body": body[: len(body) // 2], "more_body": True})
            raise BrokenOff
        await send(message)

    return half


def _response(fault: Fault, status: int, path: str) -> Response:
    headers: Mapping[str, str] = {"retry-after": fault.retry_after} if fault.retry_after else {}
    if fault.body is not None:
        return Response(
            fault.body, status_code=status, headers=headers, media_type="application/json"
        )
    response = service_error(service_of(path), status, FAULT_TEXT)
    response.headers.update(headers)
    return response
