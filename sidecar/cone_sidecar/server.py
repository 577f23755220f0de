"""The running sidecar: sockets, the two listeners, signals, and an end that leaves nothing behind."""

import asyncio
import contextlib
import ipaddress
import signal
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import uvicorn

from cone_sidecar.errors import ConfigurationError, UsageError

DRAIN_LIMIT_S = 5
KEEP_ALIVE_S = 75
BACKLOG = 2048


@dataclass(frozen=True, slots=True)
class ListenAddress:
    """An address and a TCP port; port 0 takes a free one."""

    host: str
    port: int

    @property
    def authority(self) -> str:
        """Return it as it stands in a URL."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_listen(text: str, *, option: str) -> ListenAddress:
    """Parse ``host:port``.

    Raises:
        UsageError: It is something else.
    """
    host, colon, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    try:
        if not colon or not 0 <= int(port) <= 65535:  # noqa: PLR2004 -- the largest port
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
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    # The protocol is named because asyncio sets TCP_NODELAY only then: without it each answer waits 40 ms
    # for the client's delayed acknowledgement.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address.host, address.port))
        listener.listen(BACKLOG)
        listener.setblocking(False)  # noqa: FBT003 -- socket's own
    except OSError as error:
        listener.close()
        raise ConfigurationError(
            f"can't listen on {address.authority}: {(error.strerror or 'failed').lower()}",
            hint=f"is another sidecar running? else choose another one: {option} HOST:PORT",
        ) from error
    return listener


def bound(listener: socket.socket) -> ListenAddress:
    """Return the address that ``listener`` really has."""
    host, port = listener.getsockname()[:2]
    return ListenAddress(str(host), int(port))


class QuietServer(uvicorn.Server):
    """A uvicorn server whose signals belong to whoever runs it."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none: uvicorn would raise SIGTERM again after its shutdown, and exit with 143."""
        yield


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


async def serve(*listeners: tuple[QuietServer, socket.socket], started: asyncio.Event) -> None:
    """Serve until SIGTERM or SIGINT, then drain; ``started`` is set once all of them answer.

    A listener that dies takes the others with it: a server that answers no more must not look alive.
    """
    servers = [server for server, _ in listeners]

    def stop() -> None:
        for server in servers:
            server.should_exit = True

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    try:
        async with asyncio.TaskGroup() as tasks:
            for server, listener in listeners:
                tasks.create_task(server.serve(sockets=[listener]))
            while not all(server.started or server.should_exit for server in servers):  # noqa: ASYNC110
                await asyncio.sleep(0.002)  # uvicorn offers no event
            started.set()
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
