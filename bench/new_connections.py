"""A load with a new connection for each request, so many at a time; prints JSON figures.

Written on ``selectors``: asyncio would take longer for a connection than a server does.
"""

import json
import selectors
import socket
import sys
import time

from answer import served, whole
from load import Load

READ = selectors.EVENT_READ
WRITE = selectors.EVENT_WRITE
MOST_AT_ONCE = 65536
SILENCE_LIMIT_S = 10


class Caller:
    """Connect, ask once and go, again and again."""

    def __init__(
        self, address: tuple[str, int], request: bytes, load: Load, selector: selectors.BaseSelector
    ) -> None:
        self._address = address
        self._request = request
        self._load = load
        self._selector = selector
        self._socket: socket.socket | None = None
        self._came = 0.0
        self._buffer = b""

    def call(self) -> None:
        """Connect, unless enough was asked already."""
        if not self._load.take():
            self._load.lost(failed=False)
            return
        self._came = time.perf_counter()
        self._buffer = b""
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._socket.setblocking(False)  # noqa: FBT003 -- the standard library's signature
        # What comes of it is seen once there is something to write to, or not.
        self._socket.connect_ex(self._address)
        self._selector.register(self._socket, WRITE, self)

    def act(self) -> None:
        """Ask when connected; take note of an answer once it is whole."""
        assert self._socket is not None
        try:
            if self._selector.get_key(self._socket).events == WRITE:
                self._socket.send(self._request)
                self._selector.modify(self._socket, READ, self)
                return
            data = self._socket.recv(MOST_AT_ONCE)
        except OSError:
            data = b""
        self._buffer = self._buffer + data if self._buffer else data
        if data and not whole(self._buffer):
            return
        self._leave()
        self._load.note(time.perf_counter() - self._came, ok=bool(data) and served(self._buffer))
        self.call()

    def _leave(self) -> None:
        assert self._socket is not None
        self._selector.unregister(self._socket)
        self._socket.close()


def run(host: str, port: int, request: bytes, requests: int, connections: int) -> None:
    """Put the load on, and print the figures."""
    load = Load(requests, connections)
    with selectors.DefaultSelector() as selector:
        for _ in range(connections):
            Caller((host, port), request, load, selector).call()
        while not load.done.is_set():
            ready = selector.select(SILENCE_LIMIT_S)
            if not ready:
                sys.exit("the server says nothing any more")
            for key, _ in ready:
                key.data.act()
    load.print_figures()


if __name__ == "__main__":
    settings = json.load(sys.stdin)
    settings["request"] = settings["request"].encode()
    run(**settings)
