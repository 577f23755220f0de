"""The connection under a request, for faults that no ASGI message can express."""

import asyncio
import socket
import struct
from typing import Any

from starlette.types import Scope
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

EXTENSION = "cone.transport"
# Linger for no time: close() then sends RST instead of FIN.
LINGER_NOT = struct.pack("ii", 1, 0)


class TransportProtocol(HttpToolsProtocol):
    """uvicorn's protocol, telling the application its transport as an ASGI extension."""

    def on_message_begin(self) -> None:
        """Begin a request."""
        super().on_message_begin()
        extensions: dict[str, Any] = {EXTENSION: self.transport}
        self.scope["extensions"] = extensions


def reset_connection(scope: Scope) -> None:
    """Reset the connection, so that the client sees ECONNRESET.

    Raises:
        ConnectionResetError: There is no connection: the caller sits in this process.
    """
    transport = _transport(scope)
    sock = transport.get_extra_info("socket")
    if sock is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_NOT)
    transport.abort()


def close_connection(scope: Scope) -> None:
    """Close the connection once what was written has gone out.

    Raises:
        ConnectionResetError: There is no connection: the caller sits in this process.
    """
    _transport(scope).close()


def _transport(scope: Scope) -> asyncio.Transport:
    transport = scope.get("extensions", {}).get(EXTENSION)
    if not isinstance(transport, asyncio.Transport):
        raise ConnectionResetError("fault injected by the simulator")
    return transport
