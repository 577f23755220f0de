"""What goes wrong upstream costs nobody a grant, makes no second request, and is told as it is."""

import json
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import pairwise

import pytest

from cone_sidecar.clock import SystemClock
from fakes.matrix_arrangement import OPERATIONS
from fakes.matrix_boto3 import ask_with_boto3
from fakes.simulated_stage import SimulatedStage

SCENARIO = """\
tenant: acme
users: [{email: ada@example.com}, {email: grace@example.com}]
accounts: [{id: "100000000001", name: P}]
permission_sets:
  - {account: P, name: Auto, policy: auto}
  - {account: P, name: Approval, policy: approval}
  - {account: P, name: Granted, granted_to: [ada@example.com]}
  - {account: P, name: Late, policy: auto, lags: {propagation: 90s}}
"""
# In the order in which a cold profile without a grant needs them.
CALLS = ("token", "me", "grants", "credentials", "form", "entitlement", "request", "look")
CONDUCTORONE = tuple(name for name in CALLS if name != "credentials")
# Nothing of what these do is worth an error: each happens once at each call.
PASSING = {
    "reset": {"reset": True},
    "cut off": {"truncate": True},
    "too many requests": {"retry_after": 1},
    "unavailable": {"status": 503},
}
RETRY_AFTER_S = 2
# Go's SDKs end the process after a minute; what is written here counts the start of Python as well.
LONGEST_S = 55
# Later than anybody waits for the answer.
TOO_LATE_S = 12
ASKED = (
    'No active grant for "{profile}" — submitting access request...\n'
    "Access request submitted (task: {number})\n"
)
GRANTED = f"{ASKED}{{dots}}\nAccess granted!\n"
PROPAGATION = "Waiting for AWS permission to propagate...\n"
STILL = 'request for "{profile}" is still processing. Retry the command shortly\n'
NO_ANSWER = "cone: error: {any} gives no answer in time\ncone: hint: {any}\n"
NO_AWS = "cone: error: AWS IAM Identity Center can't {any}\ncone: hint: {any}\n"
CREATE = "TaskService.CreateGrantTask"


def fits(text, template, profile="p-auto"):
    """Tell whether ``text`` is ``template``, whatever number, id or reason it names."""
    expression = re.escape(template).replace(re.escape("{profile}"), re.escape(profile))
    for hole, pattern in (("number", r"\d+"), ("dots", r"\.+"), ("any", r"[^\n]+")):
        expression = expression.replace(re.escape(f"{{{hole}}}"), pattern)
    return re.fullmatch(expression, text) is not None


def fault(stage, name, **effect):
    """Let requests of an operation fail."""
    body = {"operation": OPERATIONS.get(name, name), **effect}
    stage.control("POST", "/faults", body)


def signed_in(stage):
    """Start a simulator in a home without an access token, with a session of AWS."""
    stage.start(SCENARIO, "--auto-confirm")
    assert stage.cone("aws", "login").returncode == 0
    for path in (stage.home / ".cache" / "cone-sidecar").glob("access-token-*"):
        path.unlink()
    stage.forget_requests()
    return stage


@pytest.fixture(name="stage")
def _stage(simulated):
    """Give a home as a person has it in the morning."""
    return signed_in(simulated)


@pytest.mark.parametrize("kind", PASSING)
def test_once_at_each_call_on_the_command_line(stage, kind):
    """A command whose every call fails once says what it always says, and makes one request."""
    for name in CALLS:
        fault(stage, name, count=1, **PASSING[kind])
    done = stage.cone("aws", "credentials", "p-auto")
    assert done.returncode == 0, done.stderr
    assert fits(done.stderr, GRANTED) or fits(done.stderr, GRANTED + PROPAGATION), done.stderr
    assert json.loads(done.stdout)["AccountId"] == "100000000001"
    assert requests_made(stage) == 1
    assert all(each["hits"] == 1 for each in stage.control("GET", "/faults"))


@pytest.mark.parametrize("kind", PASSING)
def test_once_at_each_call_of_the_sidecar(stage, kind):
    """A sidecar whose every call fails once serves the first program that waits, after one request."""
    for name in CALLS:
        fault(stage, name, count=1, **PASSING[kind])
    stage.start_sidecar()
    status, body = stage.ask_sidecar("p-auto")
    assert status == 200, body
    assert requests_made(stage) == 1


@pytest.mark.parametrize("name", CONDUCTORONE)
def test_retry_after_is_waited_out(stage, name):
    """ConductorOne is asked again when it said, not before; its word is for one call alone."""
    fault(stage, name, retry_after=RETRY_AFTER_S, count=1)
    done = stage.cone("aws", "credentials", "p-auto")
    assert done.returncode == 0, done.stderr
    asked = entries(stage, name)
    [gap] = [
        began(after) - ended(before) for before, after in pairwise(asked) if before["status"] == 429
    ]
    assert gap.total_seconds() >= RETRY_AFTER_S
    assert requests_made(stage) == 1


def test_a_lost_answer_to_a_request_is_no_second_one(stage):
    """A request whose answer is lost every time is one request, and its task is followed."""
    fault(stage, "request", truncate=True)
    done = stage.cone("aws", "credentials", "p-auto")
    assert done.returncode == 0, done.stderr
    tasks = stage.statuses(CREATE)
    assert tasks.count(200) == 1, tasks


@pytest.mark.parametrize("name", ["grants", "me", "token"])
def test_conductorone_hangs_while_aws_answers(stage, name):
    """What AWS gives is served soon, in silence and without a request: a hung tenant stops no job."""
    fault(stage, name, hang=True)
    done = stage.cone("aws", "credentials", "p-granted")
    assert (done.returncode, done.stderr) == (0, "")
    assert stage.statuses(CREATE) == []
    assert len(entries(stage, name)) == 1


@dataclass(frozen=True, slots=True)
class SlowRun:
    """How a command ended that takes as long as it may, and what came afterwards.

    ``next`` is the same command, once nothing is wrong any more and 90 seconds later on the tenant's
    clock; ``made`` is how many requests for access there are in the end.
    """

    exit_code: int
    words: str
    took_s: float
    next: int
    made: int


def slow_command(profile, name="", **effect):
    """Run a command that waits for an operation to which something happens, in a home of its own."""
    clock = SystemClock()
    with SimulatedStage() as stage:
        signed_in(stage)
        if name:
            fault(stage, name, **effect)
        started = clock.monotonic()
        done = stage.cone("aws", "credentials", profile)
        took_s = clock.monotonic() - started
        stage.control("DELETE", "/faults")
        stage.control("POST", "/clock/advance", {"seconds": 90})
        following = stage.cone("aws", "credentials", profile)
        return SlowRun(
            done.returncode, done.stderr, took_s, following.returncode, requests_made(stage)
        )


def slow_answer(profile, name):
    """Ask a sidecar whose call hangs once, as a program that waits; returns answer and requests."""
    with SimulatedStage() as stage:
        signed_in(stage)
        fault(stage, name, hang=True, count=1)
        stage.start_sidecar()
        return *stage.ask_sidecar(profile), requests_made(stage)


def late_request():
    """Ask for access while the tenant takes longer to hear it than anybody waits."""
    with SimulatedStage() as stage:
        signed_in(stage)
        fault(stage, "request", latency=TOO_LATE_S, count=1)
        done = stage.cone("aws", "credentials", "p-approval")
        until(lambda: all(each["finished"] for each in entries(stage, "request")))
        return done, stage.statuses(CREATE)


HANGING = ("grants", "request", "look", "credentials")
SLOW = {
    "propagation": partial(slow_command, "p-late"),
    "tenant": partial(slow_command, "p-auto", "[AOTR]*.*", hang=True),
    "look": partial(slow_command, "p-auto", "look", hang=True),
    "portal": partial(slow_command, "p-auto", "credentials", hang=True),
    "late request": late_request,
    **{f"sidecar {name}": partial(slow_answer, "p-auto", name) for name in HANGING},
}


@pytest.fixture(name="slow", scope="module")
def _slow():
    """Run the slow ones beside each other: they do nothing but wait."""
    with ThreadPoolExecutor(len(SLOW)) as pool:
        running = {name: pool.submit(run) for name, run in SLOW.items()}
    return {name: run.result() for name, run in running.items()}


def test_propagation_longer_than_a_command_may_take(slow):
    """AWS doesn't know the role for 90 seconds: the command ends within 55, and the next one serves."""
    run = slow["propagation"]
    assert run.took_s < LONGEST_S
    assert run.exit_code == 1, run.words
    assert fits(run.words, GRANTED + PROPAGATION + STILL, "p-late"), run.words
    assert (run.next, run.made) == (0, 1)


def test_a_tenant_that_hangs(slow):
    """Nobody answers at ConductorOne: the command says so within 55 seconds, and nothing was asked for."""
    run = slow["tenant"]
    assert run.took_s < LONGEST_S
    assert run.exit_code == 6, run.words
    assert fits(run.words, NO_ANSWER), run.words
    assert (run.next, run.made) == (0, 1)


def test_looks_that_hang(slow):
    """Nobody tells how the request stands: it is still being processed, and the next call has it."""
    run = slow["look"]
    assert run.took_s < LONGEST_S
    assert run.exit_code == 1, run.words
    assert run.words.endswith(STILL.format(profile="p-auto")), run.words
    assert (run.next, run.made) == (0, 1)


def test_a_portal_that_hangs(slow):
    """AWS gives no answer: the command says that it is AWS, after access was granted."""
    run = slow["portal"]
    assert run.took_s < LONGEST_S
    assert run.exit_code == 6, run.words
    assert fits(run.words, GRANTED + NO_AWS), run.words
    assert (run.next, run.made) == (0, 1)


def test_a_request_that_arrives_late_is_no_second_one(slow):
    """A request that nobody answers in time is looked for and made again; the late one is a duplicate."""
    done, statuses = slow["late request"]
    assert done.returncode == 4, done.stderr
    assert "requires approval" in done.stderr or "already exists" in done.stderr
    assert statuses.count(200) == 1, statuses


@pytest.mark.parametrize("name", HANGING)
def test_a_sidecar_whose_call_hangs_goes_on(slow, name):
    """A call that hangs once is made again by the sidecar; nobody asks twice for access."""
    status, body, made = slow[f"sidecar {name}"]
    assert status == 200, body
    assert made == 1


def test_propagation_longer_than_a_program_waits(stage):
    """boto3 gets 503 while AWS lags, and credentials afterwards; the sidecar asks for access once."""
    stage.start_sidecar()
    environment = stage.sidecar_environment("p-late")
    status, code = ask_with_boto3(environment, "p-late", "Late")
    assert status == 503
    assert code in {"PropagationTimeout", "StillProcessing"}
    stage.control("POST", "/clock/advance", {"seconds": 90})
    stage.ask_sidecar_until("p-late", "")
    assert ask_with_boto3(environment, "p-late", "Late") == (200, "")
    assert requests_made(stage) == 1


def requests_made(stage):
    """Count the requests for access that the tenant has taken."""
    return stage.statuses(CREATE).count(200)


def entries(stage, name):
    """Return the journal's entries for an operation."""
    operation = OPERATIONS[name]
    return [
        entry
        for entry in stage.control("GET", "/requests")
        if entry["operation"].endswith(operation)
    ]


def began(entry):
    """Return when a request came."""
    return datetime.fromisoformat(entry["started"])


def ended(entry):
    """Return when a request was answered."""
    return datetime.fromisoformat(entry["finished"])


def until(true):
    """Ask again and again, at most for as long as a late request takes."""
    clock = SystemClock()
    deadline = clock.monotonic() + TOO_LATE_S + LONGEST_S
    while not true():
        assert clock.monotonic() < deadline
