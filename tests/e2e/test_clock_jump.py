"""When the wall clock jumps, as after a laptop's sleep, nothing that has expired is served."""

import json
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from cone_sidecar.clock import SystemClock, parse_timestamp
from cone_sidecar.warm_file import WarmEntry
from fakes.simulated_sidecar import SimulatedSidecar
from fakes.virtual_clock import VirtualClock

SCENARIO = """\
tenant: acme
users: [{email: ada@example.com}, {email: grace@example.com}]
accounts: [{id: "100000000001", name: P}]
permission_sets:
  - {account: P, name: Granted, policy: approval, granted_to: [ada@example.com]}
  - {account: P, name: Ending, policy: approval, granted_to: [ada@example.com], grant_ends: 4h}
lifetimes: {access_token: 1h, role_credentials: 1h}
"""
SLEEP_S = 8 * 3600
# ``cone`` on a machine that woke up eight hours later: both places that read the wall clock see it.
AWAKE = f"""\
import sys, time
from datetime import timedelta
from pathlib import Path
from cone_sidecar.clock import SystemClock
real_time, real_now = time.time, SystemClock.now
time.time = lambda: real_time() + {SLEEP_S}
SystemClock.now = lambda self: real_now(self) + timedelta(seconds={SLEEP_S})
from cone_cli.main import main
sys.exit(main())
"""


@pytest.fixture(name="sidecar")
async def _sidecar(tmp_path):
    """Give a sidecar that runs on a clock of its own."""
    async with SimulatedSidecar(tmp_path, VirtualClock(), SCENARIO).running() as sidecar:
        yield sidecar


@pytest.fixture(name="stage")
def _stage(simulated):
    """Give a home on a simulator of which only role credentials and grants end in a sleep."""
    scenario = SCENARIO.replace("access_token: 1h", "access_token: 12h")
    return simulated.start(scenario, "--auto-confirm")


async def test_the_sidecar_fetches_anew(sidecar):
    """After eight hours the first answer holds credentials that live, by a session renewed."""
    _, before = await sidecar.ask("p-granted")
    sidecar.clock.jump(SLEEP_S)
    sidecar.forget_requests()
    status, after = await sidecar.ask("p-granted")
    assert status == 200, after
    assert after["AccessKeyId"] != before["AccessKeyId"]
    assert parse_timestamp(after["Expiration"]) > sidecar.clock.now()
    assert sidecar.statuses("CreateToken") == [200]
    assert sidecar.statuses("StartDeviceAuthorization") == []


@pytest.mark.parametrize("down", ["*", "GetRoleCredentials"])
async def test_the_sidecar_serves_nothing_rather_than_what_has_ended(sidecar, down):
    """Without AWS there is nothing to serve, however ConductorOne is."""
    assert (await sidecar.ask("p-granted"))[0] == 200
    sidecar.clock.jump(SLEEP_S)
    await sidecar.break_down(down)
    status, body = await sidecar.ask_while_time_passes("p-granted")
    assert (status, body["code"]) == (503, "UpstreamUnreachable")


async def test_the_sidecar_knows_that_a_grant_ended_in_its_sleep(sidecar):
    """A grant that is over is over, though nobody can be asked."""
    assert (await sidecar.ask("p-ending"))[0] == 200
    sidecar.clock.jump(SLEEP_S)
    await sidecar.break_down("*")
    status, body = await sidecar.ask_while_time_passes("p-ending")
    assert status != 200, body


async def test_a_clock_that_is_set_back(sidecar):
    """What was looked at in a future that is over is looked at again: a revocation isn't missed."""
    sidecar.clock.jump(SLEEP_S)
    assert (await sidecar.ask("p-granted"))[0] == 200
    sidecar.clock.jump(-SLEEP_S)
    grant = {"account": "P", "permission_set": "Granted"}
    await sidecar.control("POST", "/grants/revoke", grant)
    for _ in range(30):
        await sidecar.clock.pass_time(5)
        if (await sidecar.ask("p-granted"))[0] != 200:
            return
    raise AssertionError("credentials are served for a grant that is gone")


async def test_a_failure_of_a_future_that_is_over(sidecar):
    """However long the clock says that it is still to be remembered, a failure is so for seconds."""
    sidecar.clock.jump(SLEEP_S)
    await sidecar.break_down("*")
    assert (await sidecar.ask_while_time_passes("p-granted"))[0] == 503
    sidecar.clock.jump(-SLEEP_S)
    await sidecar.mend()
    await sidecar.clock.pass_time(60)
    assert (await sidecar.ask_while_time_passes("p-granted"))[0] == 200


def awake(stage, profile):
    """Ask for a profile on the machine that woke up."""
    return stage.attempt([sys.executable, "-c", AWAKE, "aws", "credentials", profile])


def asleep(stage):
    """Let the same time pass for ConductorOne and AWS."""
    stage.control("POST", "/clock/advance", {"seconds": SLEEP_S})


def test_what_was_found_out_in_a_future_that_is_over(stage):
    """A clock that was eight hours fast leaves no answer behind: neither a failure nor credentials."""
    assert stage.cone("aws", "credentials", "p-granted").returncode == 0
    stage.forget_credentials()
    # Of what AWS gives, nothing lasts until then.
    assert awake(stage, "p-granted").returncode == 1
    done = stage.cone("aws", "credentials", "p-granted")
    assert done.returncode == 0, done.stderr
    entry = WarmEntry("p-granted", stage.environment)
    assert entry.warm_document()
    served_until = SystemClock().now() + timedelta(seconds=SLEEP_S)
    kept = Path(entry.credentials_path)
    kept.write_text(entry.content(served_until.timestamp(), "{}", "{}"))
    assert entry.warm_document() is None
    kept.unlink()


def test_a_warm_file_that_slept_is_cold(stage):
    """``cone aws credentials`` prints what lives, or nothing."""
    before = stage.cone("aws", "credentials", "p-granted")
    ending = stage.cone("aws", "credentials", "p-ending")
    assert (before.returncode, ending.returncode) == (0, 0)
    assert stage.cone("aws", "credentials", "p-granted").stdout == before.stdout
    asleep(stage)
    stage.control("POST", "/faults", {"operation": "*", "status": 503})
    for profile in ("p-granted", "p-ending"):
        refused = awake(stage, profile)
        assert refused.returncode != 0
        assert refused.stdout == ""
    stage.control("DELETE", "/faults")
    done = awake(stage, "p-granted")
    assert done.returncode == 0, done.stderr
    expires = parse_timestamp(json.loads(done.stdout)["Expiration"])
    assert expires > SystemClock().now() + timedelta(seconds=SLEEP_S)
    assert awake(stage, "p-ending").returncode == 4
