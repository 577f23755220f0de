"""A clock for whole processes in one: hours pass in no time, with everything that waits for them."""

import asyncio
from datetime import timedelta

from fakes.clock import FakeClock


class VirtualClock(FakeClock):
    """Stand still until the test lets time pass; then wake each sleeper when it is due, in order."""

    def __init__(self):
        super().__init__()
        self._sleepers = []

    async def sleep(self, seconds):
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        sleeper = (self._monotonic + seconds, asyncio.Event())
        self._sleepers.append(sleeper)
        try:
            await sleeper[1].wait()
        finally:
            if sleeper in self._sleepers:
                self._sleepers.remove(sleeper)

    def advance(self, seconds):
        """Move on, and wake who is due by then."""
        super().advance(seconds)
        due = [sleeper for sleeper in self._sleepers if sleeper[0] <= self._monotonic]
        for sleeper in due:
            self._sleepers.remove(sleeper)
            sleeper[1].set()

    def jump(self, seconds):
        """Set the wall clock only, as a machine that slept or was put right does."""
        self._now += timedelta(seconds=seconds)

    async def pass_time(self, seconds):
        """Let time pass, stopping wherever somebody wakes up until there is nothing left to do."""
        end = self._monotonic + seconds
        await settled()
        while due := [moment for moment, _ in self._sleepers if moment <= end]:
            self.advance(min(due) - self._monotonic)
            await settled()
        self.advance(end - self._monotonic)
        await settled()


async def settled():
    """Wait until nothing on the event loop can go on by itself."""
    ready = asyncio.get_running_loop()._ready
    idle_turns = 0
    while idle_turns < 3:
        await asyncio.sleep(0)
        idle_turns = 0 if ready else idle_turns + 1
