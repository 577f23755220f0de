"""``cone serve``'s options: what it does beforehand, and how long it lets clients wait."""

import re
import subprocess
import threading
import urllib.error
import urllib.request

import pytest

from cone_sidecar.clock import SystemClock

SCENARIO = """\
tenant: acme
users: [{email: ada@example.com}]
accounts: [{id: "100000000001", name: P}]
permission_sets:
  - {account: P, name: Auto, policy: auto}
  - {account: P, name: Granted, granted_to: [ada@example.com]}
  - {account: P, name: Slow, policy: machine, lags: {policy_step: 1h}}
"""
TRIES = 200


@pytest.fixture(name="stage")
def _stage(simulated):
    return simulated.start(SCENARIO, "--auto-confirm")


def ready(sidecar, profile):
    """Return the status and the text of the profile's readiness."""
    try:
        with urllib.request.urlopen(f"{sidecar.management_url}/readyz/{profile}") as answer:
            return answer.status, answer.read().decode().strip()
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, refused.read().decode().strip()


def ready_at_last(sidecar, profile):
    pause = threading.Event()
    for _ in range(TRIES):
        status, text = ready(sidecar, profile)
        if status == 200:
            return
        pause.wait(0.1)
    raise AssertionError(f"{profile} is never ready: {status} {text}")


@pytest.mark.parametrize("by_variable", [False, True])
def test_prefetch(stage, by_variable):
    """Profiles that are named become ready though nobody asks, requests included; others don't."""
    if by_variable:
        stage.environment["CONE_PREFETCH"] = "p-auto, p-granted"
        sidecar = stage.start_sidecar()
    else:
        sidecar = stage.start_sidecar("--prefetch", "p-auto", "--prefetch", "p-granted")
    ready_at_last(sidecar, "p-auto")
    ready_at_last(sidecar, "p-granted")
    assert ready(sidecar, "p-slow") == (503, "unknown")
    stage.forget_requests()
    status, body = stage.ask_sidecar("p-auto")
    assert (status, body["AccountId"]) == (200, "100000000001")
    assert stage.statuses("GetRoleCredentials") == []


def test_prefetch_of_a_profile_that_is_not_there_yet(stage):
    """The others are fetched meanwhile; once it is written, it is fetched without a restart."""
    config = stage.home / ".aws" / "config"
    whole = config.read_text()
    start = whole.index("[profile p-auto]")
    end = whole.find("[profile", start + 1)
    config.write_text(whole[:start] + (whole[end:] if end > 0 else ""))
    heard = []
    sidecar = stage.start_sidecar(
        "--prefetch", "p-auto", "--prefetch", "p-granted", hear=heard.append
    )
    ready_at_last(sidecar, "p-granted")
    assert ready(sidecar, "p-auto") == (404, "no such profile")
    config.write_text(whole)
    ready_at_last(sidecar, "p-auto")
    assert any('no profile "p-auto"' in line for line in heard)
    assert stage.children[-1].poll() is None


def test_max_wait(stage):
    """Nobody is kept waiting for longer, however patient the client is known to be."""
    stage.start_sidecar("--max-wait", "1s")
    clock = SystemClock()
    began = clock.monotonic()
    status, body = stage.ask_sidecar("p-slow")
    assert (status, body["code"]) == (503, "StillProcessing")
    assert clock.monotonic() - began < 5


@pytest.mark.parametrize(
    ("option", "variable"),
    [
        ("--max-wait", "CONE_MAX_WAIT"),
        ("--request-cooldown", "CONE_REQUEST_COOLDOWN"),
        ("--idle-after", "CONE_IDLE_AFTER"),
    ],
)
def test_a_duration_that_is_none(stage, option, variable):
    """It is refused at the start, with the option, its variable and an example."""
    done = stage.cone("serve", option, "soon")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines() == [
        f"cone: error: {option} ({variable}) takes a duration",
        f"cone: hint: {option} 45m",
    ]


def test_a_listener_on_every_address_says_so(stage):
    """The log has the URL for this machine, and that it isn't this machine's alone."""
    child = stage.spawn(
        ["serve", "--listen", "127.0.0.1:0", "--management-listen", "0.0.0.0:0"],
        stderr=subprocess.PIPE,
    )
    said = []
    for line in child.stderr:
        said.append(line)
        if "token file:" in line:
            break
    port = re.search(r"management: http://127\.0\.0\.1:(\d+)/status", "".join(said))[1]
    everywhere = f"management listens at every address of this machine or container, port {port}"
    assert everywhere in "".join(said)
