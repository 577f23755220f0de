"""The refresher: keeps the profiles in use fresh, before their readers notice."""

import random
from collections.abc import Collection
from datetime import timedelta

from cone_sidecar.broker import AccessBroker
from cone_sidecar.clock import Clock
from cone_sidecar.cooldown import MENDED_ELSEWHERE
from cone_sidecar.errors import ConeError
from cone_sidecar.extension import Extensions
from cone_sidecar.flight import Flight
from cone_sidecar.freshness import grant_over

LOOK_EVERY_S = 5.0
LOOK_FOR_PEOPLE_EVERY_S = 30.0
IDLE_AFTER = timedelta(hours=1)


class Refresher:
    """Look at each flight every few seconds, and let those rest that nobody uses.

    In use is what was asked for within ``idle_after``, and what is ``pinned``; both may change.
    """

    def __init__(
        self,
        broker: AccessBroker,
        clock: Clock,
        *,
        pinned: Collection[str] = (),
        idle_after: timedelta = IDLE_AFTER,
    ) -> None:
        self._broker = broker
        self._clock = clock
        self.pinned = frozenset(pinned)
        self.idle_after = idle_after
        self._extensions = Extensions(clock)
        self._looked: dict[str, float] = {}

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        try:
            while True:
                for flight in self._broker.flights():
                    self._tend(flight)
                await self._clock.sleep(LOOK_EVERY_S * random.uniform(0.8, 1.0))  # noqa: S311 -- spreads load
        finally:
            self._extensions.cancel()

    def _tend(self, flight: Flight) -> None:
        held, now = flight.held, self._clock.now()
        pinned = flight.profile.name in self.pinned
        if held and grant_over(held, now):
            flight.expire()
        elif pinned and not flight.serveable():
            self._bring_back(flight)
        elif held and not held.credentials.usable(now):
            flight.lapse()
        elif held and (pinned or flight.asked_since(now - self.idle_after)):
            flight.keep_fresh()
            self._extensions.ask_in_time(flight)
        elif held and flight.renewal_due() and flight.asked_since(held.fetched_at):
            # Whoever was given these comes back when they end.
            flight.keep_fresh()

    def _bring_back(self, flight: Flight) -> None:
        """Try again what passes by itself; look now and then whether people have seen to the rest."""
        if _passes_by_itself(flight.state.error):
            flight.start()
            return
        name, now = flight.profile.name, self._clock.monotonic()
        if now - self._looked.get(name, 0.0) >= LOOK_FOR_PEOPLE_EVERY_S:
            self._looked[name] = now
            flight.look()


def _passes_by_itself(error: ConeError | None) -> bool:
    """Tell whether it is worth another try that nobody asked for; what people refused is not."""
    return error is not None and (error.retryable or isinstance(error, MENDED_ELSEWHERE))
