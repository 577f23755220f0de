"""The running sidecar: its two listeners, served together and ended together."""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any

import uvicorn

from cone_sidecar import listening
from cone_sidecar.errors import UsageError
from cone_sidecar.listening import KEEP_ALIVE_S, QuietServer, until_stopped

DRAIN_LIMIT_S = 5
LARGEST_PORT = 65535


@dataclass(frozen=True, slots=True)
class ListenAddress:
    """An address and a TCP port; port 0 takes a free one."""

    host: str
    port: int

    @property
    def url(self) -> str:
        """Return the URL at which this machine reaches it."""
        return f"http://{listening.authority(listening.reachable(self.host), self.port)}"

    @property
    def private(self) -> bool:
        """Tell whether only this machine, or a network of containers, reaches it."""
        address = ipaddress.ip_address(self.host)
        return address.is_loopback or address.is_link_local


def parse_listen(text: str, *, option: str) -> ListenAddress:
    """Parse ``host:port``.

    Raises:
        UsageError: It is something else.
    """
    host, colon, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    try:
        if not colon or not 0 <= int(port) <= LARGEST_PORT:
            raise ValueError
        if host != "localhost":
            ipaddress.ip_address(host)
    except ValueError:
        raise UsageError(
            f"{option} takes an address and a port", hint=f"{option} 127.0.0.1:9911"
        ) from None
    return ListenAddress("127.0.0.1" if host == "localhost" else host, int(port))


def bind(address: ListenAddress, *, option: str) -> socket.socket:
    """Bind and listen, before anything else is done.

    Raises:
        ConfigurationError: The port is taken, or the address isn't this machine's.
    """
    hint = f"is another sidecar running? else choose another one: {option} HOST:PORT"
    return listening.bind(address.host, address.port, hint=hint)


def bound(listener: socket.socket) -> ListenAddress:
    """Return the address that ``listener`` really has."""
    host, port = listener.getsockname()[:2]
    return ListenAddress(str(host), int(port))


def new_server(app: Any) -> QuietServer:  # noqa: ANN401 -- any ASGI application
    """Make a server for ``app``: no access log, no name, drained within five seconds."""
    config = uvicorn.Config(
        app,
        http="httptools",
        loop="asyncio",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=DRAIN_LIMIT_S,
    )
    return QuietServer(config)


async def serve(
    *listeners: tuple[QuietServer, socket.socket],
    started: asyncio.Event,
    beside: Callable[[], Coroutine[None, None, None]],
    before_drain: Callable[[], Awaitable[None]],
) -> None:
    """Serve until SIGTERM or SIGINT, then drain; ``started`` is set once all of them answer.

    ``before_drain`` ends what requests are waiting for, so that each of them gets an answer.

    A listener that dies takes the others with it, and so does ``beside``, which runs from then on: a
    server that answers no more, or whose credentials grow old, must not look alive.
    """
    servers = [server for server, _ in listeners]
    async with asyncio.TaskGroup() as tasks:
        running = [
            tasks.create_task(server.serve(sockets=[listener])) for server, listener in listeners
        ]
        stopping = tasks.create_task(until_stopped())
        for server in servers:
            await server.accepting.wait()
        started.set()
        background = tasks.create_task(beside())
        await asyncio.wait({stopping, *running}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        background.cancel()
        await before_drain()
        for server in servers:
            server.should_exit = True
