"""A broker with its refresher and fakes, on a clock of the test's."""

import asyncio
import contextlib
from datetime import timedelta

from cone_sidecar.broker import AccessBroker
from cone_sidecar.patience import Patience
from cone_sidecar.refresher import Refresher
from cone_sidecar.store import MemoryStore
from cone_sidecar.surroundings import Surroundings
from fakes.access import (
    PROFILE,
    STANDING,
    FakeConnections,
    FakeIdentityCenter,
    FakeTenant,
    Recorder,
)
from fakes.virtual_clock import VirtualClock

PATIENT = Patience(5.0)
MINUTE, HOUR = 60, 3600


class FlightStage:
    """A broker with its refresher, on a clock of the test's."""

    def __init__(
        self, tenant=None, *, profile=PROFILE, life=timedelta(hours=1), pinned=(), **around
    ):
        self.clock = VirtualClock()
        self.tenant = tenant or FakeTenant(grant=STANDING)
        self.center = FakeIdentityCenter(self.clock, life=life)
        self.events = Recorder()
        self.profile = profile
        self.broker = AccessBroker(
            Surroundings(
                connections=FakeConnections(self.tenant, self.center),
                store=MemoryStore(),
                clock=self.clock,
                events=self.events,
                **around,
            )
        )
        self.refresher = Refresher(self.broker, self.clock, pinned=pinned)

    @contextlib.asynccontextmanager
    async def running(self):
        """Look after the profiles inside the block."""
        task = asyncio.create_task(self.refresher.run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await self.broker.close()

    async def obtain(self):
        return await self.broker.obtain(self.profile, PATIENT)

    @property
    def phase(self):
        return self.broker.state(self.profile).phase

    async def obtain_after(self, tasks):
        """Let the looks at the request see ``tasks``, and obtain once there was time for one."""
        self.tenant.tasks = list(tasks)
        await self.clock.pass_time(MINUTE)
        return await self.obtain()
