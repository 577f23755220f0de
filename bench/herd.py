"""A herd: many callers at once, each with a connection and one request; prints JSON figures."""

import asyncio
import json
import sys
import time

from load import Connection, Load


class Caller(Connection):
    """Ask once, and go; it has waited since all of them came."""

    def __init__(self, request: bytes, until: Load, came: float) -> None:
        super().__init__(request, until)
        self._came = came
        self._asked = False

    def _send(self) -> None:
        if self._asked:
            self.leave()
            return
        self._asked = True
        super()._send()
        self._sent = self._came


async def run(host: str, port: int, request: bytes, callers: int) -> None:
    """Let all callers come at once, and print how long it took until the last one was served."""
    load = Load(callers, callers)
    loop = asyncio.get_running_loop()
    came = time.perf_counter()
    await asyncio.gather(
        *(
            loop.create_connection(lambda: Caller(request, load, came), host, port)
            for _ in range(callers)
        )
    )
    await load.done.wait()
    load.print_figures()


if __name__ == "__main__":
    settings = json.load(sys.stdin)
    settings["request"] = settings["request"].encode()
    asyncio.run(run(**settings))
