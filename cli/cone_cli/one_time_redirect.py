"""An address on loopback that leads one browser, once, to a URL that nobody else may see.

A browser is started with its page as an argument, which every user of the machine can read. What they read
here is this address: it is good for one visit, and for a visitor of the same user where the kernel tells.
"""

import asyncio
import contextlib
import hmac
import os
import secrets
from collections.abc import AsyncIterator
from pathlib import Path

from cone_sidecar.secret import Secret

HOST = "127.0.0.1"
PATH_BYTES = 32
# A request line and headers are read as far as this, and for as long.
LONGEST_HEAD = 16384
HEAD_LIMIT_S = 5.0
SOCKETS_OF_THE_MACHINE = Path("/proc/net/tcp")
UID_COLUMN = 7


class OneTimeRedirect:
    """The address while it is good."""

    def __init__(self, target: Secret) -> None:
        self._target = target
        self._path = f"/{secrets.token_urlsafe(PATH_BYTES)}"
        self._authority = ""
        self._used = asyncio.Event()

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncIterator[str]:
        """Answer for the length of the block; gives the address."""
        listener = await asyncio.start_server(self._answer, HOST, 0, limit=LONGEST_HEAD)
        self._authority = f"{HOST}:{listener.sockets[0].getsockname()[1]}"
        async with listener:
            yield f"http://{self._authority}{self._path}"

    async def visited(self, limit_s: float) -> bool:
        """Wait until a browser was there; returns whether one was within ``limit_s`` seconds."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(limit_s):
                await self._used.wait()
        return self._used.is_set()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(HEAD_LIMIT_S):
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            wanted = self._is_wanted(head) and _is_own(writer.get_extra_info("peername"))
            if wanted and not self._used.is_set():
                writer.write(_response("302 Found", f"Location: {self._target.reveal()}\r\n"))
                await writer.drain()
                self._used.set()
            else:
                writer.write(_response("410 Gone" if wanted else "404 Not Found"))
        except (TimeoutError, OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            return
        finally:
            writer.close()

    def _is_wanted(self, head: str) -> bool:
        """Tell whether it is the visit that we wait for; a page that rebound its name has another Host."""
        first, *headers = head.split("\r\n")
        words = first.split(" ")
        hosts = [line[5:].strip() for line in headers if line[:5].lower() == "host:"]
        method, path = words[0], words[1] if len(words) > 1 else ""
        same = hmac.compare_digest(path.encode("latin-1"), self._path.encode())
        return method == "GET" and same and hosts == [self._authority]


def _response(status: str, headers: str = "") -> bytes:
    return (
        f"HTTP/1.1 {status}\r\n{headers}Cache-Control: no-store\r\nReferrer-Policy: no-referrer\r\n"
        "Content-Length: 0\r\nConnection: close\r\n\r\n"
    ).encode()


def _is_own(peer: tuple[str, int]) -> bool:
    """Tell whether the visitor is a process of our own user; where the kernel doesn't tell, it may be.

    proc_net_tcp(5): addresses are hexadecimal, the bytes of IPv4 in the machine's order.
    """
    try:
        rows = SOCKETS_OF_THE_MACHINE.read_text(encoding="ascii").splitlines()[1:]
    except (OSError, ValueError):
        return True
    local = f":{peer[1]:04X}"
    owners = [row.split()[UID_COLUMN] for row in rows if row.split()[1].endswith(local)]
    return not owners or str(os.getuid()) in owners
