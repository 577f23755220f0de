"""Connections whose TLS greeting isn't done: when there are too many, the one that began first makes room.

asyncio tells nobody of a connection before its greeting is done, and who says nothing has ten seconds
for it. Until then it holds a descriptor that others need.
"""

import contextlib
import socket


class Greetings:
    """Know which connections are being greeted, the first one first."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._begun: dict[int, socket.socket] = {}

    def began(self, connection: socket.socket) -> None:
        """Take note of a connection that was accepted, and make room for it."""
        descriptor = connection.fileno()
        # One that failed isn't told of: its number is another one's now.
        self._begun.pop(descriptor, None)
        self._begun[descriptor] = connection
        if len(self._begun) > self._most:
            _end(self._begun.pop(next(iter(self._begun))))

    def ended(self, descriptor: int) -> None:
        """Take note that a greeting is done."""
        self._begun.pop(descriptor, None)

    def end_all(self) -> None:
        """End all of them: nobody waits for them any more."""
        while self._begun:
            _end(self._begun.popitem()[1])


def _end(connection: socket.socket) -> None:
    # Whoever reads from it closes it, and a closed one is closed already.
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
