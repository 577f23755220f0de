"""More time for a grant, asked for before it ends: only where a profile says so."""

import asyncio
import logging
from dataclasses import replace

from cone_sidecar.clock import Clock
from cone_sidecar.domain.access import AccessState, Cause
from cone_sidecar.domain.ports import HeldCredentials
from cone_sidecar.errors import ConeError
from cone_sidecar.flight import Flight

logger = logging.getLogger(__name__)
# Of an extension's own turns, these are told; the profile goes on being served all the while.
TOLD = frozenset({Cause.EXTENDING, Cause.EXTENDED})


class Extensions:
    """Ask for an extension once for each end of a grant, however it is answered."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._asked: dict[str, object] = {}
        self._running: set[asyncio.Task[None]] = set()

    def ask_in_time(self, flight: Flight) -> None:
        """Ask for more time if the grant of ``flight`` ends soon and nobody asked yet."""
        held = flight.serveable()
        ends = held.grant_ends if held else None
        before = flight.profile.terms.extend_before
        if ends is None or before is None or ends - self._clock.now() > before:
            return
        name = flight.profile.name
        if held is None or self._asked.get(name) == ends:
            return
        self._asked[name] = ends
        task = asyncio.create_task(self._extend(flight, held))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    def cancel(self) -> None:
        """Watch no longer; requests that were made stay made."""
        for task in self._running:
            task.cancel()

    async def _extend(self, flight: Flight, held: HeldCredentials) -> None:
        def publish(state: AccessState, cause: Cause) -> None:
            if cause in TOLD:
                number, url = state.task_number, state.task_url
                flight.publish(replace(flight.state, task_number=number, task_url=url), cause)

        try:
            story = flight.new_story(flight.profile, publish)
            longer = await story.extend(held)
        except ConeError as error:
            logger.warning('profile "%s": no extension: %s', flight.profile.name, error.message)
        else:
            flight.lengthen(longer.grant_ends)
