"""More time for a grant, asked for before it ends: against the simulated tenant."""

import pytest

from cone_sidecar.domain.access import Phase
from cone_sidecar.domain.profile import RequestTerms
from cone_sidecar.duration import parse_duration
from fakes.simulated_sidecar import SimulatedSidecar
from fakes.virtual_clock import VirtualClock

MINUTE = 60
SCENARIO = """\
tenant: acme
users: [{email: ada@example.com}]
accounts: [{id: "100000000001", name: P}]
permission_sets:
  - {account: P, name: Admin, policy: auto, max_duration: 1h}
lifetimes: {access_token: 8h, role_credentials: 12h}
"""


@pytest.fixture(name="stage")
def _stage(tmp_path):
    return SimulatedSidecar(
        tmp_path,
        VirtualClock(),
        SCENARIO,
        terms=RequestTerms(extend_before=parse_duration("10m")),
    )


async def test_an_extended_grant_is_served_without_a_gap(stage):
    """Hours of one-hour grants: the application is served all the time, and nothing is asked for twice."""
    async with stage.running():
        assert (await stage.ask_while_time_passes("p-admin"))[0] == 200
        for _ in range(12):
            await stage.clock.pass_time(15 * MINUTE)
            assert (await stage.ask("p-admin"))[0] == 200
            assert stage.phases["p-admin"] is Phase.READY
        tasks = list(stage.simulator.world.tasks.values())
        assert 4 <= len(tasks) <= 5
        assert [bool(task.source) for task in tasks] == [False, *[True] * (len(tasks) - 1)]
