"""AccessBroker: credentials for a profile, whatever it takes; one flight per profile."""

import asyncio
from collections.abc import Iterable

from cone_sidecar.clock import Clock
from cone_sidecar.domain.access import AccessState, Phase
from cone_sidecar.domain.ports import Connections, CredentialStore, Events, HeldCredentials
from cone_sidecar.domain.profile import Profile
from cone_sidecar.flight import Cooldown, Flight, Patience


class AccessBroker:
    """Obtain credentials; the story itself is told in story.py."""

    def __init__(
        self,
        *,
        connections: Connections,
        store: CredentialStore,
        clock: Clock,
        events: Events,
        cooldown: Cooldown | None = None,
    ) -> None:
        self._connections = connections
        self._store = store
        self._clock = clock
        self._events = events
        self._cooldown = cooldown or Cooldown()
        self._flights: dict[str, Flight] = {}

    async def obtain(self, profile: Profile, patience: Patience) -> HeldCredentials:
        """Return credentials for ``profile``, waiting as long as ``patience`` says.

        Any number of callers cost one request, one sign-in and one fetch; a caller that goes away
        ends nothing.

        Raises:
            ConeError: What stands in the way, and what to do about it.
        """
        return await self._flight(profile).obtain(patience)

    def cached(self, profile: Profile) -> HeldCredentials | None:
        """Return credentials that may be served at once, None where the story has to be told."""
        flight = self._flights.get(profile.name)
        return flight.cached() if flight and flight.profile == profile else None

    def states(self, profiles: Iterable[Profile]) -> dict[str, AccessState]:
        """Return where each profile's story stands."""
        unknown = AccessState(Phase.UNKNOWN)
        return {
            profile.name: flight.state if (flight := self._flights.get(profile.name)) else unknown
            for profile in profiles
        }

    async def close(self) -> None:
        """Cancel what runs. Requests that were made stay made."""
        flights = list(self._flights.values())
        for flight in flights:
            flight.cancel()
        await asyncio.sleep(0)

    def _flight(self, profile: Profile) -> Flight:
        flight = self._flights.get(profile.name)
        if flight is None or flight.profile != profile:
            if flight:
                # The profile was changed: what runs would fetch for the old one.
                flight.cancel()
            flight = Flight(
                profile,
                connections=self._connections,
                store=self._store,
                clock=self._clock,
                events=self._events,
                cooldown=self._cooldown,
            )
            self._flights[profile.name] = flight
        return flight
