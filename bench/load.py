"""A load of keep-alive connections on one URL, from a process of its own; prints JSON figures.

Written on asyncio's protocols, with the request's bytes made once: the client must not be the slower end.
"""

import asyncio
import json
import sys
import time

from answer import served, whole


class Connection(asyncio.Protocol):
    """Send a request, wait for the whole answer, send the next."""

    def __init__(self, request: bytes, until: "Load") -> None:
        self._request = request
        self._load = until
        self._buffer = b""
        self._sent = 0.0
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._send()

    def _send(self) -> None:
        assert self._transport is not None
        if not self._load.take():
            self.leave()
            return
        self._sent = time.perf_counter()
        self._transport.write(self._request)

    def leave(self) -> None:
        """Close the connection."""
        assert self._transport is not None
        self._transport.close()

    def data_received(self, data: bytes) -> None:
        """Take note of an answer once it is whole."""
        buffer = self._buffer + data if self._buffer else data
        if not whole(buffer):
            self._buffer = buffer
            return
        self._buffer = b""
        self._load.note(time.perf_counter() - self._sent, ok=served(buffer))
        self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        self._load.lost(failed=exc is not None)


class Load:
    """Count what is asked and answered."""

    def __init__(self, requests: int, connections: int) -> None:
        self._left = requests
        self._open = connections
        self._latencies: list[float] = []
        self._failures = 0
        self._started = time.perf_counter()
        self.done = asyncio.Event()

    def take(self) -> bool:
        """Take one request out of those that are left."""
        self._left -= 1
        return self._left >= 0

    def note(self, latency: float, *, ok: bool) -> None:
        """Note an answer."""
        self._latencies.append(latency)
        self._failures += not ok

    def lost(self, *, failed: bool) -> None:
        """Note a closed connection."""
        self._failures += failed
        self._open -= 1
        if self._open == 0:
            self.done.set()

    def print_figures(self) -> None:
        """Print how it went, from the start until now."""
        took = time.perf_counter() - self._started
        ordered = sorted(self._latencies) or [0.0]
        figures = {
            "rps": len(self._latencies) / took,
            "p50_ms": ordered[len(ordered) // 2] * 1000,
            "p99_ms": ordered[int(len(ordered) * 0.99)] * 1000,
            "wall_s": took,
            "failures": self._failures,
            "answers": len(self._latencies),
        }
        print(json.dumps(figures))


async def run(host: str, port: int, request: bytes, requests: int, connections: int) -> None:
    """Put the load on, and print the figures."""
    load = Load(requests, connections)
    loop = asyncio.get_running_loop()
    for _ in range(connections):
        await loop.create_connection(lambda: Connection(request, load), host, port)
    await load.done.wait()
    load.print_figures()


if __name__ == "__main__":
    settings = json.load(sys.stdin)
    settings["request"] = settings["request"].encode()
    asyncio.run(run(**settings))
