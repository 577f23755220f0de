"""``cone aws setup`` of a large organisation, whatever its tenant answers in between."""

import pytest
from botocore.configloader import load_config

from fakes.terminal import PersonAtTerminal

COUNT = 2000
BULK = """\
tenant: acme
users: [{email: ada@example.com}]
accounts: []
bulk: {accounts: 100, permission_sets: 20}
"""
SET_UP = ("aws", "setup", "--sso-url", "https://acme.awsapps.com/start")
# The oldest fault that isn't used up is what happens: between them, pages come as they should.
FAULTS = (
    {"retry_after": 0, "count": 3},
    {"latency": 0.1, "count": 4},
    {"status": 503, "count": 1},
    {"reset": True, "count": 1},
    {"latency": 0.05, "count": 4},
    {"retry_after": 1, "count": 1},
    {"truncate": True, "count": 1},
)
CLEARED = "\r"


@pytest.fixture(name="stage")
def _stage(simulated):
    simulated.url = simulated.start_simulator(BULK, "--auto-confirm")
    return simulated


def test_all_of_it_in_order_whatever_fails_in_between(stage):
    """Each permission set has its profile, in the catalogue's order, and botocore reads them all."""
    for fault in FAULTS:
        stage.control("POST", "/faults", {"operation": "*SearchEntitlements", **fault})
    done = stage.cone(*SET_UP)
    assert done.returncode == 0, done.stderr
    assert f"Done: {COUNT} profiles created, 0 skipped" in done.stdout
    assert done.stderr == ""
    hits = [fault["hits"] for fault in stage.control("GET", "/faults")]
    assert hits == [fault["count"] for fault in FAULTS]
    profiles = load_config(str(stage.home / ".aws" / "config"))["profiles"]
    wanted = [
        f"account-{account:03}-role{role:03}" for account in range(1, 101) for role in range(1, 21)
    ]
    assert list(profiles) == wanted
    assert len({each["cone_entitlement_id"] for each in profiles.values()}) == COUNT


def test_a_person_sees_how_far_it_has_come(stage):
    """On a terminal the count stands in one line, which is gone in the end; JSON is left alone."""
    assert stage.cone(*SET_UP).returncode == 0
    slow = {"operation": "*SearchEntitlements", "latency": 0.2}
    stage.control("POST", "/faults", {**slow, "count": 8})
    with PersonAtTerminal(stage.environment | {"TERM": "xterm"}, *SET_UP) as person:
        code, output, shown = person.end()
    assert code == 0
    assert "Done: 0 profiles created" in output
    assert "cone: permission sets read: " in shown
    assert shown.endswith(CLEARED)
    assert "\n" not in shown
    for further, terminal in ((("-o", "json"), "xterm"), ((), "dumb")):
        stage.control("POST", "/faults", {**slow, "count": 4})
        with PersonAtTerminal(stage.environment | {"TERM": terminal}, *SET_UP, *further) as person:
            code, output, shown = person.end()
        assert (code, shown) == (0, "")
