"""``cone get`` and ``drop``: access asked for and given back, as processes."""

import json

import pytest

from cone_sidecar.simulator.ids import named_id
from fakes.access_commands import (
    ADA,
    GRANTED,
    SCENARIO,
    WHY,
    ids,
    number_in,
    outcome,
    task_of,
)
from fakes.simulated_person import SimulatedPerson
from fakes.terminal import PersonAtTerminal


@pytest.fixture(name="stage", scope="module")
def _stage(simulated_once):
    simulated_once.url = simulated_once.start_simulator(SCENARIO)
    return simulated_once


@pytest.fixture(name="ada", scope="module")
def _ada(stage):
    return SimulatedPerson(stage, ADA)


def test_get_of_what_one_has(stage):
    """It is said, nothing is asked for, and that is no failure."""
    done = stage.cone("get", "held")
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == (
        "You already have access to this entitlement. Use --force to override this check.\n"
    )


def test_get_prints_the_task(stage):
    """Its page and its row; a second one finds it open."""
    first = stage.cone("get", "approval", *WHY)
    assert first.returncode == 0, first.stderr
    lines = first.stdout.splitlines()
    number = lines[1].rpartition(" ")[2]
    assert lines == [
        f"Ticket URL: {stage.url}/task/{number}",
        f"Id           | {number}",
        "Display Name | Grant Approval Permission Set on P",
        "State        | Open",
        "Processing   | Waiting for Action",
    ]
    stage.forget_requests()
    second = stage.cone("get", "approval", *WHY, "-o", "json")
    assert second.returncode == 0
    assert str(task_of(second)["numericId"]) == number
    assert second.stderr == f"cone: a pending request already exists: task {number}\n"
    assert stage.statuses("TaskService.CreateGrantTask") == []


def test_what_get_asks_for(stage):
    """The person, the duration and the reason; the account is the tenant's to know."""
    done = stage.cone("get", "flaky", "-i", "-j", "because", "-d", "1h30m", "-o", "json")
    task = task_of(done)
    assert task["description"] == "because"
    assert task["type"]["grant"]["grantDuration"] == "5400s"


@pytest.mark.parametrize(
    ("alias", "exit_code", "last"),
    [
        ("auto", 0, GRANTED),
        ("deny", 5, "Failed to grant entitlement GRANT_OUTCOME_DENIED\n"),
        ("error", 1, "Failed to grant entitlement GRANT_OUTCOME_ERROR\n"),
        ("timeout", 1, "Failed to grant entitlement GRANT_OUTCOME_WAIT_TIMED_OUT\n"),
    ],
)
def test_get_waits_for_the_end(stage, alias, exit_code, last):
    """Each end has its sentence and exit code; stdout holds the task as it is then."""
    done = stage.cone("get", alias, *WHY, "--wait", "-o", "json-pretty")
    assert done.returncode == exit_code, done.stderr
    assert done.stderr.endswith(last)
    assert task_of(done)["state"] == "TASK_STATE_CLOSED"


@pytest.mark.parametrize(
    ("alias", "decision", "exit_code", "last"),
    [
        ("waited", "approve", 0, GRANTED),
        ("refused", "deny", 5, "Failed to grant entitlement GRANT_OUTCOME_DENIED\n"),
        ("cancelled", "cancel", 1, "Failed to grant entitlement GRANT_OUTCOME_CANCELLED\n"),
    ],
)
def test_get_waits_for_a_person(stage, ada, alias, decision, exit_code, last):
    """However they decide."""
    with ada.started("get", alias, *WHY, "--wait") as waiting:
        number = number_in(waiting.stderr)
        stage.control("POST", f"/tasks/{number}/{decision}")
        output, rest = waiting.communicate(timeout=60)
    assert waiting.returncode == exit_code
    assert rest.endswith(last)
    assert "State        | Closed" in output


def test_a_look_that_fails_does_not_end_the_wait(stage, ada):
    """ConductorOne is down for a while; the approval is seen all the same."""
    with ada.started("get", "twice", *WHY, "--wait") as waiting:
        number = number_in(waiting.stderr)
        stage.control(
            "POST", "/faults", {"operation": "TaskService.Get", "status": 503, "count": 5}
        )
        stage.control("POST", f"/tasks/{number}/approve")
        _, rest = waiting.communicate(timeout=60)
    stage.control("DELETE", "/faults")
    assert waiting.returncode == 0, rest
    assert "still waiting" in rest


def test_a_wait_may_be_interrupted(stage):
    """It is over at once, and the request stays."""
    with PersonAtTerminal(stage.environment, "get", "interrupted", "-j", "x", "-w") as person:
        person.wait_for("Waiting for ticket to close.")
        person.interrupt()
        exit_code, output, shown = person.end()
    assert (exit_code, output) == (130, ""), shown


def test_get_with_emergency_access(stage):
    """Nobody is asked then; where there is none, that is said."""
    done = stage.cone("get", "urgent", *WHY, "--emergency-access", "--wait", "-o", "wide")
    assert done.returncode == 0, done.stderr
    assert "Emergency Access | ✓" in done.stdout
    done = stage.cone("get", "asked", *WHY, "--emergency-access")
    assert "has no emergency access" in done.stderr
    stage.cone("get", "emergent", *WHY)
    done = stage.cone("get", "emergent", *WHY, "--emergency-access")
    assert "cone task escalate" in done.stderr


def test_get_in_detail(stage):
    """The app and the entitlement stand above the task, or beside it in JSON."""
    done = stage.cone("get", "flaky", *WHY, "--detailed")
    assert "App Name    | AWS" in done.stdout
    assert "Slug        | Flaky access" in done.stdout
    found = json.loads(stage.cone("get", "flaky", *WHY, "--detailed", "-o", "json").stdout)
    assert found["entitlement"]["alias"] == "flaky"
    assert set(found) == {"app", "entitlement", "task"}


WRONG = {
    "justification": (["get", "auto", "-i", "--force"], "please provide a justification"),
    "maximum": (
        ["get", "auto", "--force", *WHY, "-d", "9h"],
        "grant duration must be less than or equal to max provision time: 8h",
    ),
    "duration": (["get", "auto", *WHY, "-d", "soon"], "invalid duration 'soon'"),
    "several": (["get", "-q", "role007", *WHY], "multiple entitlements found with query role007"),
    "nothing": (["get"], "must provide either an alias, query string"),
    "both": (["get", "auto", "--app-id", "x"], "cannot provide an alias or query and"),
    "json": (["get", "form", *WHY, "--form-data", "{"], "--form-data is no valid JSON"),
    "field": (
        ["get", "form", *WHY, "--form-data", '{"tickt": "1"}'],
        "the request form has no field 'tickt'",
    ),
    "value": (["get", "form", *WHY, "--form-data", '{"ticket": 1}'], "ticket: takes a text"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_put_wrongly(stage, name):
    """It is told of before anything is requested, with exit code 2 and nothing on stdout."""
    arguments, message = WRONG[name]
    stage.forget_requests()
    done = stage.cone(*arguments)
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    assert done.stderr.startswith(f"cone: error: {message}")
    assert "cone: hint: " in done.stderr
    assert stage.statuses("TaskService.CreateGrantTask") == []
    if name in {"duration", "nothing", "both", "json"}:
        assert stage.operations() == []


def test_get_of_what_is_not_there(stage):
    """No entitlement has the alias."""
    done = stage.cone("get", "nope", *WHY)
    assert done.returncode == 1
    assert done.stderr.startswith("cone: error: no entitlement found with alias nope\n")


def test_get_of_what_may_not_be_requested(stage):
    """ConductorOne says so."""
    app_id, _ = ids(stage, "auto")
    hidden = named_id("entitlement", app_id, "100000000001", "Hidden")
    done = stage.cone("get", "--app-id", app_id, "--entitlement-id", hidden, *WHY)
    assert done.returncode == 5
    assert "doesn't let you request" in done.stderr


def test_drop(stage):
    """The grant is gone afterwards, and a second time there is nothing to drop."""
    done = stage.cone("drop", "given", "-i", "--wait", "-o", "json")
    assert done.returncode == 0, done.stderr
    assert done.stderr.endswith("Entitlement revoked succesfully.\n")
    assert outcome(task_of(done)) == "REVOKE_OUTCOME_REVOKED"
    assert stage.cone("has", *ids(stage, "given")).returncode == 2
    again = stage.cone("drop", "given")
    assert (again.returncode, again.stdout) == (0, "")
    assert again.stderr == (
        "You do not have existing grants to drop for this entitlement. "
        "Use --force to override this check.\n"
    )


def test_a_grant_that_has_ended_is_none(simulated):
    """``has`` says no, ``drop`` finds nothing and ``get`` asks anew, though it was listed before."""
    simulated.url = simulated.start_simulator(SCENARIO)
    held = ids(simulated, "held")
    assert simulated.cone("has", *held).returncode == 0
    simulated.control("POST", "/clock/advance", {"seconds": "9h"})
    assert simulated.cone("has", *held).returncode == 2
    assert "no existing grants" not in simulated.cone("get", "held", *WHY).stderr
    assert simulated.cone("drop", "held").stdout == ""
