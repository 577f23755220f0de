"""A simulator on a real port, in a thread of its own, for clients that block."""

import asyncio
import contextlib
import threading

from cone_sidecar.simulator.app import build_simulator
from cone_sidecar.simulator.scenario import load_scenario
from cone_sidecar.simulator.server import serving


@contextlib.contextmanager
def running_simulator(scenario_file=None, *, auto_confirm=False, tls=None, around=None):
    """Serve a scenario inside the block; gives the base URL and the simulator.

    ``around`` makes the application that is served out of the simulator's.
    """
    simulator = build_simulator(load_scenario(scenario_file), auto_confirm=auto_confirm)
    ready, stop, loops, urls = threading.Event(), asyncio.Event(), [], []

    async def serve():
        app = around(simulator.app) if around else simulator.app
        async with serving(app, tls=tls) as url:
            loops.append(asyncio.get_running_loop())
            urls.append(url)
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    try:
        assert ready.wait(10), "the simulator doesn't start"
        yield urls[0], simulator
    finally:
        if loops:
            loops[0].call_soon_threadsafe(stop.set)
        thread.join(10)
