"""A broker with its fakes, for tests that look after the time themselves."""

from cone_sidecar.broker import AccessBroker
from cone_sidecar.patience import Patience
from cone_sidecar.store import MemoryStore
from cone_sidecar.surroundings import Surroundings
from fakes.access import PROFILE, FakeConnections, FakeIdentityCenter, FakeTenant, Recorder

PATIENT = Patience(5.0)


class BrokerStage:
    """A broker with its fakes."""

    def __init__(self, clock, tenant=None, center=None, connections=None, **behaviour):
        self.clock = clock
        self.tenant = tenant or FakeTenant()
        self.center = center or FakeIdentityCenter(clock)
        self.events = Recorder()
        self.broker = AccessBroker(
            Surroundings(
                connections=connections or FakeConnections(self.tenant, self.center),
                store=MemoryStore(),
                clock=clock,
                events=self.events,
                **behaviour,
            )
        )

    async def obtain(self, patience=PATIENT, profile=PROFILE):
        return await self.broker.obtain(profile, patience)
