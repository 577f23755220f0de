"""The running sidecar: its listeners, served together and ended together."""

import asyncio
import asyncio.constants
import ipaddress
import re
import socket
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any

import uvicorn

from cone_sidecar import listening
from cone_sidecar.certificate import Certificate
from cone_sidecar.errors import UsageError
from cone_sidecar.listening import (
    ACCEPTED_AT_ONCE,
    KEEP_ALIVE_S,
    Listener,
    QuietServer,
    until_stopped,
)
from cone_sidecar.web.limited_protocol import HEAD_LIMIT_S, Limits, limited_protocol

AWS_NETWORK_6 = ipaddress.ip_network("fd00:ec2::/32")
DRAIN_LIMIT_S = 5
FAREWELL_LIMIT_S = 0.5
LARGEST_PORT = 65535
PORT = re.compile(r"[0-9]{1,5}")


@dataclass(frozen=True, slots=True)
class ListenAddress:
    """An address and a TCP port; port 0 takes a free one."""

    host: str
    port: int

    @property
    def url(self) -> str:
        """Return the URL at which this machine reaches it."""
        return f"http://{self.authority}"

    @property
    def authority(self) -> str:
        """Return the address as it stands in a URL."""
        return listening.authority(listening.reachable(self.host), self.port)

    @property
    def loopback(self) -> bool:
        """Tell whether only this machine reaches it."""
        return ipaddress.ip_address(self.host).is_loopback

    @property
    def everywhere(self) -> bool:
        """Tell whether it stands for every address of this machine."""
        return ipaddress.ip_address(self.host).is_unspecified

    @property
    def private(self) -> bool:
        """Tell whether only this machine, or a network of containers, reaches it."""
        address = ipaddress.ip_address(self.host)
        # The two networks of AWS's own agents: the IPv6 one is unique-local.
        return self.loopback or address.is_link_local or address in AWS_NETWORK_6

    @property
    def of_aws(self) -> bool:
        """Tell whether it is an address of AWS's own agents for containers."""
        return self.host in AWS_HOSTS


# Where SDKs expect an agent of AWS's own, and some send no token.
AWS_HOSTS = ("169.254.170.2", "169.254.170.23", "fd00:ec2::23")
# Where AWS's own agents listen for containers, and where we do on any other machine.
CONTAINER_ADDRESS = ListenAddress("169.254.170.2", 80)
LOOPBACK_ADDRESS = ListenAddress("127.0.0.1", 9911)
# By the options that take an address: no two listeners can have the same.
USUAL_PORTS = {"--listen": 9911, "--management-listen": 9912, "--imds-listen": 9913}
# Stands for the first of the two that this machine has.
AUTO = ListenAddress("127.0.0.1", -1)


def parse_listen(text: str, *, option: str) -> ListenAddress:
    """Parse ``host:port``, or ``auto``.

    Raises:
        UsageError: It is something else.
    """
    if text == "auto" and option == "--listen":
        return AUTO
    host, _, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    try:
        # int() takes blanks, signs, underscores and any script's digits too.
        if not PORT.fullmatch(port) or int(port) > LARGEST_PORT:
            raise ValueError
        if host != "localhost":
            ipaddress.ip_address(host)
    except ValueError:
        raise UsageError(
            f"{option} takes an IP address or localhost, and a port",
            hint=f"{option} 127.0.0.1:{USUAL_PORTS[option]}",
        ) from None
    return ListenAddress("127.0.0.1" if host == "localhost" else host, int(port))


def bind(address: ListenAddress, *, option: str) -> Listener:
    """Bind and listen, before anything else is done.

    Raises:
        ConfigurationError: The port is taken, or the address isn't this machine's.
    """
    hint = f"is another sidecar running? else choose another one: {option} HOST:PORT"
    if address is AUTO:
        # Taken or forbidden is no reason to listen elsewhere: clients would ask whoever is there.
        there = listening.has_address(CONTAINER_ADDRESS.host)
        address = CONTAINER_ADDRESS if there else LOOPBACK_ADDRESS
    return listening.bind(address.host, address.port, hint=hint)


def bound(listener: socket.socket) -> ListenAddress:
    """Return the address that ``listener`` really has."""
    host, port = listener.getsockname()[:2]
    return ListenAddress(str(host), int(port))


def new_server(
    app: Any,  # noqa: ANN401 -- any ASGI application
    limits: Limits,
    certificate: Certificate | None = None,
) -> QuietServer:
    """Make a server for ``app``: no access log, no name, drained within five seconds."""
    if certificate:
        # uvicorn can't be told: who says nothing would hold a connection for a minute before it counts.
        asyncio.constants.SSL_HANDSHAKE_TIMEOUT = HEAD_LIMIT_S
        # Likewise: whose connection is ended would have half a minute to say that he agrees, and an SDK
        # that keeps one looks at it when it asks again.
        asyncio.constants.SSL_SHUTDOWN_TIMEOUT = FAREWELL_LIMIT_S
    config = uvicorn.Config(
        app,
        ssl_certfile=certificate.chain if certificate else None,
        ssl_keyfile=certificate.key if certificate else None,
        http=limited_protocol(limits),
        loop="asyncio",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        backlog=ACCEPTED_AT_ONCE,
        timeout_graceful_shutdown=DRAIN_LIMIT_S,
    )
    return QuietServer(config, limits.greetings.end_all if limits.greetings else None)


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
