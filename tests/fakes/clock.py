"""A clock that only tests advance."""

import asyncio
from datetime import UTC, datetime, timedelta


class FakeClock:
    """Stand still, until somebody sleeps: then jump to where they wake up."""

    def __init__(self, now=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)):
        self._now = now
        self._monotonic = 1000.0
        self.slept = []

    def now(self):
        return self._now

    def monotonic(self):
        return self._monotonic

    async def sleep(self, seconds):
        self.slept.append(seconds)
        self.advance(seconds)
        await asyncio.sleep(0)

    def advance(self, seconds):
        self._now += timedelta(seconds=seconds)
        self._monotonic += seconds


class HeldClock(FakeClock):
    """Wake sleepers only when the test advances the time."""

    def __init__(self):
        super().__init__()
        self._sleepers = []

    async def sleep(self, seconds):
        self.slept.append(seconds)
        woken = asyncio.Event()
        self._sleepers.append((self._monotonic + seconds, woken))
        await woken.wait()

    def advance(self, seconds):
        super().advance(seconds)
        for due, woken in self._sleepers:
            if due <= self._monotonic:
                woken.set()
        self._sleepers = [(due, woken) for due, woken in self._sleepers if not woken.is_set()]
