"""Prefetch: the stories of some profiles begin with the sidecar, not with the first who asks."""

import asyncio
import logging

from cone_sidecar.broker import AccessBroker
from cone_sidecar.catalogue import ProfileSource
from cone_sidecar.clock import Clock
from cone_sidecar.errors import ConeError
from cone_sidecar.pace import Backoff

logger = logging.getLogger(__name__)
FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 30.0


class Prefetch:
    """Start the stories of ``names``; a profile that isn't known yet is looked for again."""

    def __init__(
        self, broker: AccessBroker, profiles: ProfileSource, clock: Clock, *, names: tuple[str, ...]
    ) -> None:
        self._broker = broker
        self._profiles = profiles
        self._clock = clock
        self._names = names
        self._started: set[str] = set()
        # What keeps each from being started: told once, not at each try.
        self._refusals: dict[str, str] = {}
        self._changed = asyncio.Event()

    def change(self, names: tuple[str, ...]) -> None:
        """Start other stories; those that were started go on."""
        self._names = names
        self._started.intersection_update(names)
        self._changed.set()

    async def run(self) -> None:
        """Start them all, and those that are named later, until cancelled."""
        while True:
            self._changed.clear()
            await self._start_all()
            await self._changed.wait()

    async def _start_all(self) -> None:
        for delay in Backoff(first=FIRST_PAUSE_S, limit=LONGEST_PAUSE_S).delays():
            for name in self._names:
                if name not in self._started and await self._start(name):
                    self._started.add(name)
            if self._started.issuperset(self._names):
                return
            await self._clock.sleep(delay)

    async def _start(self, name: str) -> bool:
        try:
            profile = await self._profiles.profile(name)
        except ConeError as error:
            if error.message not in self._refusals.values():
                logger.warning("prefetch: %s", error.message)
            self._refusals[name] = error.message
            return False
        self._refusals.pop(name, None)
        self._broker.flight(profile).start()
        return True
