"""A tenant's catalogue rendered beforehand: what a client takes to read it is the client's own time.

Prints the exports that point a client at it. Pages are asked for by their number.
"""

import asyncio
import json
import re
import sys
from pathlib import Path

from cone_sidecar.simulator.entitlement_view import Expansion
from cone_sidecar.simulator.exports import export_lines
from cone_sidecar.simulator.scenario import load_scenario
from cone_sidecar.simulator.simulated_clock import SimulatedClock
from cone_sidecar.simulator.world import World

HOST = "127.0.0.1"
PAGE_SIZE = 100
TOKEN_PATH = "/auth/v1/token"  # noqa: S105 -- a path
PAGES_PATH = "/api/v1/search/request_catalog/entitlements"
MASK = {"paths": ["*"]}
END_OF_HEAD = b"\r\n\r\n"
LENGTH = re.compile(rb"(?i)\r\ncontent-length: *(\d+)")
PAGE_TOKEN = re.compile(rb'"pageToken": ?"(\d*)"')
TOKEN = {"access_token": "bench", "token_type": "bearer", "expires_in": 3600}


def rendered_pages(world: World) -> list[bytes]:
    """Return the answers that hold the catalogue, as the simulator would give them."""
    shown = list(world.entitlements.values())
    starts = range(0, len(shown), PAGE_SIZE)
    pages = []
    for number, start in enumerate(starts, 1):
        expansion = Expansion(world, MASK)
        rows = [
            {"entitlement": expansion.view(each), "appEntitlementUserBindings": []}
            for each in shown[start : start + PAGE_SIZE]
        ]
        following = str(number) if number < len(starts) else ""
        body = {"list": rows, "expanded": expansion.expanded, "nextPageToken": following}
        pages.append(answer(body))
    return pages


def answer(body: object) -> bytes:
    """Return a whole HTTP response."""
    content = json.dumps(body, separators=(",", ":")).encode()
    head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(content)}"
    return head.encode() + END_OF_HEAD + content


class Exchange(asyncio.Protocol):
    """One connection: each request is answered ``latency`` seconds after its last byte."""

    def __init__(self, pages: list[bytes], token: bytes, latency: float) -> None:
        self._pages = pages
        self._token = token
        self._latency = latency
        self._buffer = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer once the request is whole."""
        self._buffer += data
        head, end, body = self._buffer.partition(END_OF_HEAD)
        length = LENGTH.search(head)
        if not end or len(body) < int(length[1] if length else 0):
            return
        self._buffer = b""
        found = PAGE_TOKEN.search(body)
        reply = self._pages[int(found[1] or 0)] if found else self._token
        asyncio.get_running_loop().call_later(self._latency, self._send, reply)

    def _send(self, reply: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(reply)


async def serve(scenario: Path, latency: float) -> None:
    """Serve until the process is ended."""
    world = World(load_scenario(scenario), SimulatedClock())
    pages, token = rendered_pages(world), answer(TOKEN)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Exchange(pages, token, latency), HOST, 0)
    port = server.sockets[0].getsockname()[1]
    print("\n".join(export_lines(world, f"http://{HOST}:{port}")), flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]), float(sys.argv[2])))
