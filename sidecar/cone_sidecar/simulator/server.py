"""The simulator's socket: bind, serve until told to stop, TLS where asked for."""

import asyncio
import contextlib
import logging
import socket
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from cone_sidecar.errors import ConfigurationError
from cone_sidecar.listening import KEEP_ALIVE_S, QuietServer, authority, bind, reachable
from cone_sidecar.simulator.transport import TransportProtocol

PORT_HINT = "is another simulator running? else choose another port: cone simulator --port 9930"
# Requests that hang on purpose would hold up the end.
DRAIN_LIMIT_S = 1


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """A certificate chain and its key, as PEM files."""

    certificate: Path
    key: Path


def base_url(listener: socket.socket, tls: TlsFiles | None) -> str:
    """Return the URL at which clients on this machine reach ``listener``."""
    host, port = listener.getsockname()[:2]
    return f"{'https' if tls else 'http'}://{authority(reachable(host), port)}"


def new_server(app: ASGIApp, tls: TlsFiles | None) -> QuietServer:
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
    return QuietServer(config)


@contextlib.asynccontextmanager
async def serving(
    app: ASGIApp, *, host: str = "127.0.0.1", port: int = 0, tls: TlsFiles | None = None
) -> AsyncIterator[str]:
    """Serve ``app`` inside the block, which gets its base URL once the port accepts.

    Raises:
        ConfigurationError: The port is taken, or the certificate can't be used.
    """
    server = new_server(app, tls)
    listener = bind(host, port, hint=PORT_HINT)
    running = asyncio.create_task(server.serve(sockets=[listener]))
    running.add_done_callback(lambda _: server.accepting.set())
    try:
        await server.accepting.wait()
        yield base_url(listener, tls)
    finally:
        server.should_exit = True
        await running
        listener.close()
