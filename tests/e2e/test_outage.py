"""While ConductorOne is down jobs go on; once it is back, what it says holds within about a minute."""

import asyncio

import pytest

from cone_sidecar.clock import parse_timestamp
from fakes.simulated_sidecar import CONDUCTORONE, SimulatedSidecar
from fakes.virtual_clock import VirtualClock

SCENARIO = """\
tenant: acme
users: [{email: ada@example.com}, {email: grace@example.com}]
accounts: [{id: "100000000001", name: P}]
permission_sets:
  - {account: P, name: Granted, policy: approval, granted_to: [ada@example.com]}
  - {account: P, name: Other, policy: approval, granted_to: [ada@example.com]}
lifetimes: {access_token: 8h, role_credentials: 1h}
"""
GRANT_CHECK_S = 60
# How often a job asks, in seconds: as boto3 does below 15 minutes, on every call.
POLL_S = 5
HOUR_S = 3600


@pytest.fixture(name="stage")
async def _stage(tmp_path):
    """Give a sidecar that runs on a clock of its own."""
    async with SimulatedSidecar(tmp_path, VirtualClock(), SCENARIO).running() as stage:
        yield stage


@pytest.fixture(name="strict")
async def _strict(tmp_path):
    """Give one that serves nothing without ConductorOne's word."""
    sidecar = SimulatedSidecar(tmp_path, VirtualClock(), SCENARIO, strict=True)
    async with sidecar.running() as stage:
        yield stage


async def served(stage, profile="p-granted"):
    """Ask, and hold the answer to be good credentials; returns their key id."""
    status, body = await stage.ask(profile)
    assert status == 200, body
    assert parse_timestamp(body["Expiration"]) > stage.clock.now()
    return body["AccessKeyId"]


async def state(stage, profile="p-granted"):
    return (await stage.state(profile))["state"]


async def test_an_hour_without_conductorone(stage):
    """All are served all the time, renewed and marked unverified; afterwards they are verified again."""
    before = await served(stage)
    assert await state(stage) == "ready"
    await stage.break_down(CONDUCTORONE)
    seen = set()
    for _ in range(HOUR_S // 30):
        await stage.clock.pass_time(30)
        seen.add(await served(stage))
    assert before in seen
    assert len(seen) == 2
    assert await state(stage) == "unverified"
    await stage.mend()
    stage.forget_requests()
    await stage.clock.pass_time(GRANT_CHECK_S + 1)
    await served(stage)
    await stage.clock.pass_time(POLL_S)
    assert await state(stage) == "ready"
    assert stage.statuses("GetRoleCredentials") == []


async def test_a_cold_profile_while_conductorone_is_down(stage):
    """What AWS gives is served then too, and nothing is requested."""
    await served(stage)
    await stage.break_down(CONDUCTORONE)
    await asyncio.gather(served(stage, "p-other"), stage.clock.pass_time(POLL_S))
    assert await state(stage, "p-other") == "unverified"
    assert stage.statuses("TaskService.CreateGrantTask") == []


async def test_what_was_revoked_in_the_outage_ends_with_it(stage):
    """A grant that went while nobody could ask is noticed once somebody can."""
    await served(stage)
    await stage.break_down(CONDUCTORONE)
    await stage.clock.pass_time(10 * GRANT_CHECK_S)
    await served(stage)
    await revoke(stage)
    await stage.mend()
    assert await seconds_until_noticed(stage) <= GRANT_CHECK_S + POLL_S


async def test_a_revoked_grant_is_noticed(stage):
    """While a job uses them, credentials are dropped within a minute and one poll, and the next is told."""
    await served(stage)
    await stage.clock.pass_time(1)
    await revoke(stage)
    assert await seconds_until_noticed(stage) <= GRANT_CHECK_S + POLL_S
    status, body = await stage.ask("p-granted")
    assert status == 403
    assert "revoked" in body["message"]
    # Its role credentials would have lived for most of an hour.
    assert stage.statuses("GetRoleCredentials") == [200]
    for _ in range(4):
        await stage.clock.pass_time(60)
        assert (await stage.ask("p-granted"))[0] == 403
    # Whoever revoked it isn't asked for it again at once.
    assert stage.statuses("TaskService.CreateGrantTask") == []


async def test_a_revocation_is_noticed_though_nobody_asks(stage):
    """What was served in the last hour is looked after: its credentials don't wait for the next caller."""
    await served(stage)
    await revoke(stage)
    await stage.clock.pass_time(GRANT_CHECK_S + POLL_S)
    assert await state(stage) == "revoked"


async def test_strict_serves_nothing_unconfirmed(strict):
    """A profile that nobody asked for before is refused, though AWS would give credentials."""
    await served(strict)
    await strict.break_down(CONDUCTORONE)
    status, body = await strict.ask_while_time_passes("p-other")
    assert (status, body["code"]) == (503, "UpstreamUnreachable")


async def test_strict_ends_what_is_served(strict):
    """Minutes after ConductorOne's last word jobs are refused, and served again once it is back."""
    await served(strict)
    await strict.break_down(CONDUCTORONE)
    await strict.clock.pass_time(3 * GRANT_CHECK_S)
    for _ in range(3):
        status, body = await strict.ask_while_time_passes("p-granted")
        assert (status, body["code"]) == (503, "UpstreamUnreachable")
        await strict.clock.pass_time(GRANT_CHECK_S)
    await strict.mend()
    await strict.clock.pass_time(GRANT_CHECK_S)
    await served(strict)
    assert await state(strict) == "ready"


async def test_strict_outlives_a_look_that_fails(strict):
    """One look at the grant that comes to nothing ends no job."""
    await served(strict)
    await strict.break_down(CONDUCTORONE)
    await strict.clock.pass_time(GRANT_CHECK_S + POLL_S)
    await served(strict)
    await strict.mend()
    for _ in range(3):
        await strict.clock.pass_time(GRANT_CHECK_S)
        await served(strict)


async def revoke(stage):
    grant = {"account": "P", "permission_set": "Granted"}
    await stage.control("POST", "/grants/revoke", grant)


async def seconds_until_noticed(stage):
    """Ask as a job does until the answer is no; returns when it was found out, from now on."""
    started = stage.clock.now()
    for _ in range(HOUR_S // POLL_S):
        status, _ = await stage.ask("p-granted")
        if status != 200:
            return (stage.events[-1].at - started).total_seconds()
        await stage.clock.pass_time(POLL_S)
    raise AssertionError("it was never noticed")
