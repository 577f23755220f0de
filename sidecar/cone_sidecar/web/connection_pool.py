"""The open connections of a listener: when there are too many, the one that idles longest makes room."""

import resource
from typing import Protocol

MOST_CONNECTIONS = 4096
# For the process's own files, and its connections to ConductorOne and AWS.
RESERVED_DESCRIPTORS = 128


class Closable(Protocol):
    """A connection that can be closed."""

    def make_room(self) -> None:
        """Close: nothing is on its way here."""


class ConnectionPool:
    """Know which connections are idle, the longest first.

    Refusing a new connection could refuse somebody whose credentials are at hand; an idle connection is
    opened anew by every SDK without a word.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._open = 0
        self._idle: dict[Closable, None] = {}

    def opened(self, connection: Closable) -> None:
        """Take note of a new connection, and make room for it."""
        self._open += 1
        if self._open > self._most and self._idle:
            longest = next(iter(self._idle))
            del self._idle[longest]
            longest.make_room()
        self._idle[connection] = None

    def busy(self, connection: Closable) -> None:
        """Take note that a request came."""
        self._idle.pop(connection, None)

    def idle(self, connection: Closable) -> None:
        """Take note that an answer went."""
        self._idle[connection] = None

    def closed(self, connection: Closable) -> None:
        """Take note of the end of a connection."""
        self._open -= 1
        self._idle.pop(connection, None)


def most_connections() -> int:
    """Return how many connections this process can hold, its limit of descriptors raised as allowed."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * (MOST_CONNECTIONS + RESERVED_DESCRIPTORS)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(hard, wanted)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    if soft == resource.RLIM_INFINITY:
        return MOST_CONNECTIONS
    return max(1, min(MOST_CONNECTIONS, (soft - RESERVED_DESCRIPTORS) // 2))
