"""The simulator's time: the machine's, moved forward as far as somebody likes."""

from datetime import datetime, timedelta

from cone_sidecar.clock import SystemClock


class SimulatedClock:
    """Tell a time that can be advanced; every lag is judged by it when somebody looks."""

    def __init__(self) -> None:
        self._system = SystemClock()
        self._ahead = timedelta()

    def now(self) -> datetime:
        """Return the simulated wall clock's time, in UTC."""
        return self._system.now() + self._ahead

    def monotonic(self) -> float:
        """Return seconds that only grow."""
        return self._system.monotonic() + self._ahead.total_seconds()

    async def sleep(self, seconds: float) -> None:
        """Wait for ``seconds`` of real time."""
        await self._system.sleep(seconds)

    def advance(self, seconds: float) -> None:
        """Move the time forward."""
        self._ahead += timedelta(seconds=seconds)
