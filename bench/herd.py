"""A herd: many callers at once, each with a connection and one request; prints JSON figures."""

import asyncio
import json
import sys
import time

from load import Connection, Load


class Caller(Connection):
    """Ask once, and go."""

    _asked = False

    def _send(self) -> None:
        if self._asked:
            self.leave()
            return
        self._asked = True
        super()._send()


async def run(host: str, port: int, request: bytes, callers: int) -> None:
    """Let all callers come at once, and print how long it took until the last one was served."""
    load = Load(callers, callers)
    loop = asyncio.get_running_loop()
    started = time.perf_counter()
    await asyncio.gather(
        *(loop.create_connection(lambda: Caller(request, load), host, port) for _ in range(callers))
    )
    await load.done.wait()
    took = time.perf_counter() - started
    print(json.dumps({"wall_s": took, "failures": load.failures, "answers": len(load.latencies)}))


if __name__ == "__main__":
    settings = json.load(sys.stdin)
    asyncio.run(
        run(settings["host"], settings["port"], settings["request"].encode(), settings["callers"])
    )
