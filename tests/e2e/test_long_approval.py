"""An approval that takes hours needs no second request, whatever happens to the sidecar meanwhile."""

from cone_sidecar.domain.access import Phase
from cone_sidecar.pace import SLOW_LIMIT_S
from fakes.simulated_sidecar import UPSTREAM, SimulatedSidecar
from fakes.virtual_clock import VirtualClock

HOUR_S = 3600
SCENARIO = """\
tenant: acme
users: [{email: ada@example.com}, {email: grace@example.com}]
accounts: [{id: "100000000001", name: P}]
permission_sets:
  - {account: P, name: Admin, policy: approval}
lifetimes: {access_token: 8h}
"""


async def test_approved_after_two_hours_and_a_restart(tmp_path):
    """The open request is adopted after the restart, and served within one look after its approval."""
    clock = VirtualClock()
    stage = SimulatedSidecar(tmp_path, clock, SCENARIO)
    async with stage.running():
        status, body = await stage.ask("p-admin")
        assert (status, body["code"]) == (403, "ApprovalPending")
        await clock.pass_time(HOUR_S)
    async with stage.running():
        status, body = await stage.ask("p-admin")
        assert (status, body["code"]) == (403, "ApprovalPending")
        assert "task 1001" in body["message"]
        await clock.pass_time(HOUR_S)
        looks = len(stage.statuses("TaskService.Get"))
        assert looks <= 2 * HOUR_S / SLOW_LIMIT_S * 2
        await stage.control("POST", "/tasks/1001/approve")
        await clock.pass_time(SLOW_LIMIT_S)
        stage.forget_requests()
        status, body = await stage.ask("p-admin")
        assert (status, body["AccountId"]) == (200, "100000000001")
        # It was there before anybody asked.
        assert stage.statuses("GetRoleCredentials") == []
    assert len(stage.simulator.world.tasks) == 1


async def test_approved_while_there_was_no_sidecar(tmp_path):
    """A sidecar that starts after the approval serves at once, and requests nothing."""
    clock = VirtualClock()
    stage = SimulatedSidecar(tmp_path, clock, SCENARIO)
    async with stage.running():
        assert (await stage.ask("p-admin"))[0] == 403
    await clock.pass_time(HOUR_S)
    await stage.control("POST", "/tasks/1001/approve")
    await clock.pass_time(HOUR_S)
    async with stage.running():
        assert (await stage.ask("p-admin"))[0] == 200
    assert stage.statuses("TaskService.CreateGrantTask") == [200]


async def test_prefetch_adopts_it(tmp_path):
    """A sidecar that is told to prefetch finds the open request before anybody asks."""
    clock = VirtualClock()
    stage = SimulatedSidecar(tmp_path, clock, SCENARIO, prefetch=("p-admin",))
    async with stage.running():
        await stage.arrival("p-admin", Phase.AWAITING_APPROVAL)
    async with stage.running():
        await stage.arrival("p-admin", Phase.AWAITING_APPROVAL)
        await stage.control("POST", "/tasks/1001/approve")
        await clock.pass_time(SLOW_LIMIT_S)
        assert (await stage.state("p-admin"))["state"] == "ready"
    assert len(stage.simulator.world.tasks) == 1


async def test_the_link_is_told_for_hours(tmp_path):
    """However many may approve, the message has number and link of the request, and fits on its line."""
    people = ", ".join(f"{{email: person{number}@example.com}}" for number in range(12))
    scenario = SCENARIO.replace("{email: grace@example.com}", people)
    clock = VirtualClock()
    stage = SimulatedSidecar(tmp_path, clock, scenario)
    async with stage.running():
        for _ in range(3):
            status, body = await stage.ask("p-admin")
            assert (status, body["code"]) == (403, "ApprovalPending")
            assert f"task 1001 {UPSTREAM}/task/1001" in body["message"]
            await clock.pass_time(HOUR_S)


async def test_nobody_has_to_ask_again(tmp_path):
    """Without a restart the same holds, though nobody asked in those two hours."""
    clock = VirtualClock()
    stage = SimulatedSidecar(tmp_path, clock, SCENARIO)
    async with stage.running():
        assert (await stage.ask("p-admin"))[0] == 403
        await clock.pass_time(2 * HOUR_S)
        await stage.control("POST", "/tasks/1001/approve")
        await clock.pass_time(SLOW_LIMIT_S)
        assert (await stage.state("p-admin"))["state"] == "ready"
        assert (await stage.ask("p-admin"))[0] == 200
    assert stage.statuses("TaskService.CreateGrantTask") == [200]
