"""More time for a grant, asked for before it ends: only where a profile says so."""

import asyncio
import logging
from dataclasses import replace
from datetime import datetime

from cone_sidecar.clock import Clock
from cone_sidecar.domain.access import AccessState, Cause
from cone_sidecar.domain.ports import HeldCredentials
from cone_sidecar.errors import ConeError, Unreachable
from cone_sidecar.flight import Flight

logger = logging.getLogger(__name__)
# A request that surely did not arrive is sent again.
TRY_AGAIN_AFTER_S = 30.0
# Of an extension's own turns, these are told; the profile goes on being served all the while.
TOLD = frozenset({Cause.EXTENDING, Cause.EXTENDED})


class Extensions:
    """Ask for an extension once for each end of a grant, however ConductorOne answers it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._asked: dict[str, datetime] = {}
        self._running: dict[str, asyncio.Task[None]] = {}

    def ask_in_time(self, flight: Flight) -> None:
        """Ask for more time if the grant of ``flight`` ends soon and nobody asked yet."""
        held, name = flight.serveable(), flight.profile.name
        ends = held.grant_ends if held else None
        before = flight.profile.terms.extend_before
        if held is None or ends is None or before is None or ends - self._clock.now() > before:
            return
        if name not in self._running and self._asked.get(name) != ends:
            self._running[name] = asyncio.create_task(self._extend(flight, held, ends))

    def cancel(self) -> None:
        """Watch no longer; requests that were made stay made."""
        for task in self._running.values():
            task.cancel()

    async def _extend(self, flight: Flight, held: HeldCredentials, ends: datetime) -> None:
        def publish(state: AccessState, cause: Cause) -> None:
            if cause in TOLD:
                number, url = state.task_number, state.task_url
                flight.publish(replace(flight.state, task_number=number, task_url=url), cause)

        name = flight.profile.name
        try:
            longer = await flight.new_story(flight.profile, publish).extend(held)
        except Unreachable as error:
            logger.warning('profile "%s": no extension yet: %s', name, error.message)
            await self._clock.sleep(TRY_AGAIN_AFTER_S)
        except ConeError as error:
            self._asked[name] = ends
            logger.warning('profile "%s": no extension: %s', name, error.message)
        except Exception:
            self._asked[name] = ends
            logger.exception("an extension broke off")
        else:
            self._asked[name] = ends
            flight.confirm(longer)
        finally:
            self._running.pop(name, None)
