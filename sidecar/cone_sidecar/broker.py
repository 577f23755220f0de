"""AccessBroker: credentials for a profile, whatever it takes; one flight per profile."""

import asyncio
from collections.abc import Iterable
from dataclasses import replace

from cone_sidecar.cooldown import Cooldown
from cone_sidecar.domain.access import OPEN_TASK, AccessState, Phase
from cone_sidecar.domain.ports import HeldCredentials
from cone_sidecar.domain.profile import Profile
from cone_sidecar.errors import StillProcessing, UsageError
from cone_sidecar.flight import Flight
from cone_sidecar.patience import Patience
from cone_sidecar.refusal import ended, request_command
from cone_sidecar.surroundings import Surroundings

# A call that doesn't want to be cancelled keeps nobody from ending.
CLOSING_LIMIT_S = 2.0


class AccessBroker:
    """Obtain credentials; the story itself is told in story.py."""

    def __init__(self, surroundings: Surroundings) -> None:
        self._surroundings = surroundings
        self._flights: dict[str, Flight] = {}
        self._closed = False

    async def obtain(self, profile: Profile, patience: Patience) -> HeldCredentials:
        """Return credentials for ``profile``, waiting as long as ``patience`` says.

        Any number of callers cost one request, one sign-in and one fetch; a caller that goes away
        ends nothing.

        Raises:
            ConeError: What stands in the way, and what to do about it.
        """
        if self._closed:
            # It was still being found out which profile is meant: a story begun now would be cut off.
            raise StillProcessing(
                "the sidecar is being stopped", hint="ask again once it is started anew"
            )
        return await self.flight(profile).obtain(patience)

    def cached(self, profile: Profile) -> HeldCredentials | None:
        """Return credentials that may be served at once, None where the story has to be told."""
        flight = self._flights.get(profile.name)
        if flight is None:
            return None
        if flight.profile is not profile and not _adopted(flight, profile):
            return None
        return flight.cached()

    def state(self, profile: Profile) -> AccessState:
        """Return where the profile's story stands."""
        flight = self._flights.get(profile.name)
        return flight.state if flight else AccessState(Phase.UNKNOWN)

    def states(self, profiles: Iterable[Profile]) -> dict[str, AccessState]:
        """Return where each profile's story stands."""
        return {profile.name: self.state(profile) for profile in profiles}

    def profile(self, name: str) -> Profile | None:
        """Return the profile whose story is told under ``name``, None where nobody ever asked for one."""
        flight = self._flights.get(name)
        return flight.profile if flight else None

    def flights(self) -> list[Flight]:
        """Return the flights there are: one for each profile that anybody ever asked for."""
        return list(self._flights.values())

    async def cancel_request(self, profile: Profile) -> None:
        """Close the profile's open request; its story then ends as a cancelled one.

        Raises:
            UsageError: There is none.
            ConeError: ConductorOne doesn't close it.
        """
        tenant, state = self._surroundings.connections.tenant(profile), self.state(profile)
        task_id = state.task_id if state.phase in OPEN_TASK else ""
        if not task_id and (task := await tenant.open_request(profile.entitlement)):
            task_id = task.id
        if not task_id:
            raise UsageError(
                f'there is no open request for "{profile.name}"', hint=request_command(profile)
            )
        await tenant.cancel_request(task_id)
        task = await tenant.task(task_id)
        # It is closed when ConductorOne gets to it; if that takes longer, the story sees it.
        if task.closed and (error := ended(profile, task)):
            self.flight(profile).end(error)

    def change(self, *, cooldown: Cooldown, strict: bool) -> None:
        """Go by other settings from now on; what runs goes on, and nothing that is held is dropped."""
        self._surroundings.cooldown = cooldown
        self._surroundings.strict = strict
        for flight in self.flights():
            flight.go_by_surroundings()

    def begin_anew(self, tenant: str) -> None:
        """Drop all that was found out of the profiles of ``tenant``: we are somebody else to it now."""
        for flight in self.flights():
            if flight.profile.tenant == tenant:
                flight.forget()
                flight.forget_grant()

    async def close(self) -> None:
        """Cancel what runs, and begin no more. Requests that were made stay made."""
        self._closed = True
        ending = [task for flight in self.flights() for task in flight.cancel()]
        if ending:
            await asyncio.wait(ending, timeout=CLOSING_LIMIT_S)

    def flight(self, profile: Profile) -> Flight:
        """Return the profile's flight."""
        flight = self._flights.get(profile.name)
        if flight is None or (flight.profile is not profile and not _adopted(flight, profile)):
            if flight:
                # The profile was changed: what runs would fetch for the old one.
                flight.cancel()
            flight = Flight(profile, self._surroundings)
            self._flights[profile.name] = flight
        return flight


def _adopted(flight: Flight, profile: Profile) -> bool:
    """Have ``flight`` go by ``profile`` if that is the same access, in whatever terms it is asked for.

    Other terms are no reason to drop credentials or to end a story; where there is neither, it begins anew.
    """
    if replace(flight.profile, terms=profile.terms, region=profile.region) != profile:
        return False
    if flight.profile.terms != profile.terms and not (flight.held or flight.under_way):
        return False
    flight.profile = profile
    return True
