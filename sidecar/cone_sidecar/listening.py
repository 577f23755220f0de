"""Sockets that listen, and uvicorn on them: bound before anything else, ended without leftovers."""

import asyncio
import contextlib
import errno
import signal
import socket
from collections.abc import Callable, Iterator
from typing import Any

import uvicorn

from cone_sidecar.errors import ConfigurationError

BACKLOG = 2048
KEEP_ALIVE_S = 75
# Whoever comes too many is closed in between (asyncio accepts as many as its backlog in one go).
ACCEPTED_AT_ONCE = 64
HINTS = {
    errno.EADDRNOTAVAIL: "this machine or container has no such address: ip address show",
    errno.EACCES: "choose a port above 1023, or run it as a user who may take this one",
}
WILDCARDS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 -- compared with, not bound


class Listener(socket.socket):
    """A socket that tells of each connection as soon as it is accepted."""

    __slots__ = ("when_accepted",)
    when_accepted: Callable[[socket.socket], None] | None

    def accept(self) -> tuple[socket.socket, Any]:
        """Accept; ``when_accepted`` is called with the connection, if it is set."""
        accepted = super().accept()
        if self.when_accepted:
            self.when_accepted(accepted[0])
        return accepted


def bind(host: str, port: int, *, hint: str) -> Listener:
    """Bind and listen; port 0 takes a free one.

    Raises:
        ConfigurationError: The port is taken, or the address isn't this machine's; says ``hint``.
    """
    try:
        # asyncio sets TCP_NODELAY only where the protocol is named, as getaddrinfo does. Without it each
        # answer waits 40 ms for the client's delayed acknowledgement.
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP, flags=socket.AI_PASSIVE
        )[0]
        listener = Listener(family, kind, protocol)
        listener.when_accepted = None
    except OSError as error:
        raise _cannot_listen(host, port, error, hint) from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
        listener.setblocking(False)  # noqa: FBT003 -- the standard library's signature
    except OSError as error:
        listener.close()
        raise _cannot_listen(host, port, error, hint) from error
    return listener


def has_address(host: str) -> bool:
    """Tell whether this machine has an address."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((host, 0))
        except OSError:
            return False
    return True


def reachable(host: str) -> str:
    """Return the address at which this machine reaches a listener on ``host``."""
    return WILDCARDS.get(host, host)


def authority(host: str, port: int) -> str:
    """Return an address as it stands in a URL."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


class QuietServer(uvicorn.Server):
    """A uvicorn server that leaves signals to whoever runs it, and tells when it accepts.

    ``at_end`` ends connections that uvicorn doesn't know of, and would wait for.
    """

    def __init__(self, config: uvicorn.Config, at_end: Callable[[], None] | None = None) -> None:
        super().__init__(config)
        self._at_end = at_end
        self.accepting = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to accept."""
        await super().startup(sockets)
        for listener in sockets or ():
            # asyncio made the kernel's queue as short as its own turns.
            listener.listen(BACKLOG)
        self.accepting.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop to accept, and drain."""
        if self._at_end:
            self._at_end()
        await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none: uvicorn would raise SIGTERM again after its end, and exit with 143."""
        yield


async def until_stopped() -> None:
    """Wait for SIGTERM or SIGINT."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    numbers = (signal.SIGTERM, signal.SIGINT)
    for number in numbers:
        loop.add_signal_handler(number, stopped.set)
    try:
        await stopped.wait()
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)


def _cannot_listen(host: str, port: int, error: OSError, hint: str) -> ConfigurationError:
    reason = (error.strerror or "failed").lower()
    hint = HINTS.get(error.errno or 0, hint)
    return ConfigurationError(f"can't listen on {authority(host, port)}: {reason}", hint=hint)
