"""The simulator's socket: bind, serve until told to stop, TLS where asked for."""

import asyncio
import contextlib
import logging
import signal
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from cone_sidecar.errors import ConfigurationError
from cone_sidecar.simulator.transport import TransportProtocol

BACKLOG = 2048
KEEP_ALIVE_S = 75
# Requests that hang on purpose would hold up the end.
DRAIN_LIMIT_S = 1
WILDCARDS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 -- compared with, not bound


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """A certificate chain and its key, as PEM files."""

    certificate: Path
    key: Path


def bind(host: str, port: int) -> socket.socket:
    """Bind and listen; port 0 takes a free one.

    Raises:
        ConfigurationError: The port is taken, or the address isn't this machine's.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise _cannot_listen(host, port, error) from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
        listener.setblocking(False)  # noqa: FBT003 -- the standard library's signature
    except OSError as error:
        listener.close()
        raise _cannot_listen(host, port, error) from error
    return listener


def base_url(listener: socket.socket, tls: TlsFiles | None) -> str:
    """Return the URL at which clients on this machine reach ``listener``."""
    host, port = listener.getsockname()[:2]
    host = WILDCARDS.get(host, host)
    authority = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return f"{'https' if tls else 'http'}://{authority}"


class Server(uvicorn.Server):
    """A uvicorn server that leaves signals to whoever runs it, and tells when it accepts."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.accepting = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to accept."""
        await super().startup(sockets)
        self.accepting.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none: uvicorn would raise them again after its end, and not exit with 0."""
        yield


def new_server(app: ASGIApp, tls: TlsFiles | None) -> Server:
    """Make a server for ``app``: no access log, no name.

    Raises:
        ConfigurationError: The certificate or the key can't be used.
    """
    config = uvicorn.Config(
        app,
        http=TransportProtocol,
        loop="asyncio",
        ws="none",
        lifespan="off",
        log_config=None,
        log_level=logging.CRITICAL,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=DRAIN_LIMIT_S,
        ssl_certfile=tls.certificate if tls else None,
        ssl_keyfile=tls.key if tls else None,
    )
    try:
        config.load()
    except (ssl.SSLError, OSError, ValueError) as error:
        raise ConfigurationError(
            "the certificate and the key can't be used together",
            hint="give two PEM files that belong together: --tls-cert CHAIN.pem --tls-key KEY.pem",
        ) from error
    return Server(config)


@contextlib.asynccontextmanager
async def serving(
    app: ASGIApp, *, host: str = "127.0.0.1", port: int = 0, tls: TlsFiles | None = None
) -> AsyncIterator[str]:
    """Serve ``app`` inside the block, which gets its base URL once the port accepts.

    Raises:
        ConfigurationError: The port is taken, or the certificate can't be used.
    """
    server = new_server(app, tls)
    listener = bind(host, port)
    running = asyncio.create_task(server.serve(sockets=[listener]))
    running.add_done_callback(lambda _: server.accepting.set())
    try:
        await server.accepting.wait()
        yield base_url(listener, tls)
    finally:
        server.should_exit = True
        await running
        listener.close()


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


def _cannot_listen(host: str, port: int, error: OSError) -> ConfigurationError:
    reason = (error.strerror or "failed").lower()
    return ConfigurationError(
        f"can't listen on {host} port {port}: {reason}",
        hint="is another simulator running? else choose another port: cone simulator --port 9930",
    )
