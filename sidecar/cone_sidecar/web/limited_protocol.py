"""uvicorn's HTTP protocol with the limits that it lacks: how large a head is, and how long it takes."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from cone_sidecar.errors import ConeError, RequestRefused
from cone_sidecar.web.answer import error_answer
from cone_sidecar.web.connection_pool import ConnectionPool
from cone_sidecar.web.greetings import Greetings
from cone_sidecar.web.guard import MethodRefused

# The largest head that an SDK sends has 2 KB, a long token included.
LARGEST_HEAD = 16 * 1024
LONGEST_URL = 2048
MOST_HEADERS = 100
MOST_PIPELINED = 64
HEAD_LIMIT_S = 10.0
SERVER_WIDE = b"*"
END_OF_HEAD = b"\r\n\r\n"
VERSIONS = frozenset({"1.0", "1.1"})
TOO_LARGE = "the headers are too large"

HearRefusal = Callable[[str, ConeError], None]


class Malformed(RequestRefused):
    """This is no HTTP."""

    http_status = HTTPStatus.BAD_REQUEST


class UrlTooLong(RequestRefused):
    """The URL is longer than any of ours."""

    http_status = HTTPStatus.REQUEST_URI_TOO_LONG


class HeadTooLarge(RequestRefused):
    """Request line and headers are larger than any SDK's."""

    http_status = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE


class HeadTooSlow(RequestRefused):
    """Request line and headers take too long to arrive."""

    http_status = HTTPStatus.REQUEST_TIMEOUT


@dataclass(frozen=True, slots=True)
class Limits:
    """What a listener bears; ``told`` hears of each request that was refused before it was read.

    ``greetings`` know the connections of a listener with TLS before they are made.
    """

    pool: ConnectionPool
    told: HearRefusal | None = None
    greetings: Greetings | None = None
    head_limit_s: float = HEAD_LIMIT_S


class LimitedProtocol(HttpToolsProtocol):
    """Refuse what is too large, too slow or no HTTP, with the body that every refusal has."""

    def __init__(self, *args: Any, limits: Limits, **kwargs: Any) -> None:  # noqa: ANN401 -- uvicorn's
        super().__init__(*args, **kwargs)
        self._limits = limits
        self._deadline: asyncio.TimerHandle | None = None
        self._unread: asyncio.TimerHandle | None = None
        self._in_head = False
        self._head_began = False
        self._head_size = 0
        self._may_be_large = False
        self._refusal: ConeError | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn
        """Begin to wait for a request, for a limited time."""
        super().connection_made(transport)
        if self._limits.greetings:
            self._limits.greetings.ended(transport.get_extra_info("socket").fileno())
        self._limits.pool.opened(self)
        self._set_deadline()

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        self._limits.pool.closed(self)
        self._drop_deadline()
        self.resume_writing()
        super().connection_lost(exc)

    def eof_received(self) -> bool:  # type: ignore[override]  # uvicorn's never keeps it open
        """Answer what was asked before the client closed its side; TLS has no half-closed connections."""
        if not self._answering or self.scheme == "https":
            return False
        self.cycle.keep_alive = False
        return True

    def pause_writing(self) -> None:
        """Wait for the client to read, for a limited time."""
        super().pause_writing()
        if self._unread is None:
            self._unread = self.loop.call_later(self._limits.head_limit_s, self.transport.abort)

    def resume_writing(self) -> None:
        """Go on."""
        super().resume_writing()
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    def make_room(self) -> None:
        """Close, without waiting for anybody: nothing is on its way here."""
        self.transport.abort()

    def data_received(self, data: bytes) -> None:
        """Parse, and count what belongs to a head that isn't whole yet."""
        if self._refusal:
            return
        self._may_be_large = self._in_head or len(data) > LARGEST_HEAD
        self._head_began = False
        super().data_received(data)
        if self._refusal:
            return
        if self._in_head:
            # What the parser keeps to itself counts too.
            self._head_size += len(data) - (_end_of_heads(data) if self._head_began else 0)
            if self._head_size > LARGEST_HEAD:
                self._refuse(self._too_large() or HeadTooLarge(TOO_LARGE))
                return
        if self._deadline is None and not self._answering:
            # More than nothing and less than a request: the keep-alive timer is off now.
            self._set_deadline()

    def on_message_begin(self) -> None:
        """Begin with a head."""
        self._in_head = self._head_began = True
        self._head_size = 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Take the request, if it isn't one for a proxy."""
        self._in_head = False
        self._drop_deadline()
        if error := self._too_large():
            self._give_up(error)
        if self.parser.get_http_version() not in VERSIONS:
            self._give_up(Malformed("only HTTP/1.1 and 1.0 are spoken here"))
        if self.url == SERVER_WIDE and self.parser.get_method() == b"OPTIONS":
            self._give_up(MethodRefused("only GET is answered here"))
        if not self.url.startswith(b"/"):
            self._give_up(
                RequestRefused("a proxy stands in between", hint="set NO_PROXY=127.0.0.1,localhost")
            )
        if len(self.pipeline) >= MOST_PIPELINED:
            self._give_up(HeadTooLarge("too many requests at once"))
        self._limits.pool.busy(self)
        super().on_headers_complete()
        if self.parser.should_upgrade():
            # It is answered as it is, and what follows would be in another tongue.
            self.cycle.keep_alive = False

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        super().on_response_complete()
        if self._refusal:
            self.transport.pause_reading()
        elif not self._answering:
            self._limits.pool.idle(self)
            if self._in_head and self._deadline is None:
                self._set_deadline()

    def send_400_response(self, msg: str) -> None:
        """Refuse what uvicorn can't parse."""
        self._refuse(self._refusal or Malformed(msg.rstrip(".").lower().replace("http", "HTTP")))

    def _unsupported_upgrade_warning(self) -> None:
        """Say nothing: the request is answered as if it had not asked for an upgrade (RFC 9110 §7.8)."""

    def _too_large(self) -> ConeError | None:
        if len(self.url) > LONGEST_URL:
            return UrlTooLong("the URL is too long")
        if len(self.headers) > MOST_HEADERS:
            return HeadTooLarge(TOO_LARGE)
        if self._may_be_large:
            size = sum(len(name) + len(value) for name, value in self.headers)
            if size > LARGEST_HEAD:
                return HeadTooLarge(TOO_LARGE)
        return None

    def _give_up(self, error: ConeError) -> None:
        """End parsing; uvicorn asks for the refusal then."""
        self._refusal = error
        raise error

    def _refuse(self, error: ConeError) -> None:
        """Answer, unless an answer to what came before is still on its way, and close."""
        self._refusal = error
        self._in_head = False
        self._drop_deadline()
        if self._limits.told:
            self._limits.told(self.client[0] if self.client else "", error)
        if self._answering:
            # The newest one: it is answered as the last.
            self.cycle.keep_alive = False
            self.transport.pause_reading()
            return
        allow = ((b"allow", error.allow.encode()),) if isinstance(error, MethodRefused) else ()
        answer = error_answer(error, (b"connection", b"close"), *allow)
        status = HTTPStatus(answer.status)
        head = b"".join(b"%b: %b\r\n" % header for header in answer.headers)
        self.transport.write(
            f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() + head + b"\r\n" + answer.body
        )
        self.transport.close()

    @property
    def _answering(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is not None and not cycle.response_complete

    def _set_deadline(self) -> None:
        self._deadline = self.loop.call_later(self._limits.head_limit_s, self._too_slow)

    def _drop_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _too_slow(self) -> None:
        self._deadline = None
        if self._in_head:
            self._refuse(HeadTooSlow("the request takes too long to arrive"))
        else:
            self.transport.close()


def sent_whole(send: object, whole: bytes) -> bool:
    """Send a whole response in one write, where ``send`` is uvicorn's own; tells whether it was done.

    uvicorn writes head and body one by one, and a system call costs as much as all of the guard. Where
    it would have to wait, or to end the connection afterwards, it has to send the answer itself.
    """
    cycle = getattr(send, "__self__", None)
    if not isinstance(cycle, RequestResponseCycle) or not cycle.keep_alive:
        return False
    if cycle.response_started or cycle.disconnected or cycle.flow.write_paused:
        return False
    cycle.response_started = cycle.response_complete = True
    cycle.waiting_for_100_continue = False
    cycle.transport.write(whole)
    cycle.message_event.set()
    cycle.on_response()
    return True


def _end_of_heads(data: bytes) -> int:
    """Return where the last whole head in ``data`` ends, 0 where there is none."""
    found = data.rfind(END_OF_HEAD)
    return 0 if found < 0 else found + len(END_OF_HEAD)


def limited_protocol(limits: Limits) -> Any:  # noqa: ANN401 -- uvicorn wants a class, and calls it
    """Return what makes a protocol with ``limits`` for each connection."""
    return partial(LimitedProtocol, limits=limits)
