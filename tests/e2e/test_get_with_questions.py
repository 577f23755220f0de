"""``cone get`` with forms and with a person at the terminal, as processes."""

import json

import pytest

from fakes.access_commands import (
    ADA,
    GRANTED,
    SCENARIO,
    WHY,
    ids,
    number_in,
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


def test_a_bound_form_without_answers(stage):
    """Nothing is requested; the hint is the command that would do."""
    stage.forget_requests()
    done = stage.cone("get", "form", *WHY)
    assert (done.returncode, done.stdout) == (7, "")
    app_id, entitlement_id = ids(stage, "form")
    assert done.stderr == (
        "cone: error: the request form needs Ticket (ticket)\n"
        f"cone: hint: cone get --app-id {app_id} --entitlement-id {entitlement_id} "
        """-j because --form-data '{"ticket": "…"}'\n"""
    )
    assert stage.statuses("TaskService.CreateGrantTask") == []


def test_a_bound_form_with_answers(stage):
    """They go with the request."""
    data = json.dumps({"ticket": "OPS-1"})
    done = stage.cone("get", "form", *WHY, "--form-data", data, "--wait", "-o", "json")
    assert done.returncode == 0, done.stderr
    assert task_of(done)["data"] == {"ticket": "OPS-1"}
    assert stage.statuses("TaskActionsService.UpdateRequestData") == []


def test_a_form_that_turns_up(stage):
    """The request is there without its answers, and the same command with them completes it."""
    first = stage.cone("get", "form-step", *WHY, "-o", "json")
    assert first.returncode == 7
    assert "the request form needs Ticket (ticket)" in first.stderr
    data = json.dumps({"ticket": "OPS-1"})
    done = stage.cone("get", "form-step", *WHY, "--form-data", data, "--wait", "-o", "json")
    assert done.returncode == 0, done.stderr
    assert task_of(done)["id"] == task_of(first)["id"]
    assert task_of(done)["data"] == {"ticket": "OPS-1"}


def test_a_form_that_turns_up_while_waiting(stage, ada):
    """It is answered when it is due, here after an approval."""
    data = json.dumps({"ticket": "OPS-1"})
    with ada.started("get", "later", *WHY, "--form-data", data, "--wait") as waiting:
        stage.control("POST", f"/tasks/{number_in(waiting.stderr)}/approve")
        _, rest = waiting.communicate(timeout=60)
    assert waiting.returncode == 0, rest
    assert rest.endswith(GRANTED)


def test_a_person_is_asked(stage):
    """Which entitlement, why and for how long; wrong answers are asked for again."""
    with PersonAtTerminal(stage.environment, "get", "-q", "role001", "-o", "json") as person:
        person.answer("Number: ", "9")
        person.answer("A number from 1 to 5, please.", "2")
        person.answer("Justification: ", "")
        person.answer("Justification: ", "the backup")
        person.answer("[8h]: ", "9h")
        person.answer("max provision time: 8h", "2h")
        exit_code, output, _ = person.end()
    task = json.loads(output)
    assert exit_code == 0
    assert task["displayName"] == "Grant Role001 Permission Set on Account 002"
    assert task["description"] == "the backup"
    assert task["type"]["grant"]["grantDuration"] == "7200s"


def test_a_person_fills_in_a_form(stage):
    """Field by field; what isn't needed may be left empty."""
    with PersonAtTerminal(stage.environment, "get", "asked-form", "-j", "x", "-w") as person:
        person.answer("Ticket (required): ", "")
        person.answer("Ticket (required): ", "OPS-9")
        person.answer("Remark: ", "")
        exit_code, _, shown = person.end()
    assert exit_code == 0, shown
    assert shown.endswith(GRANTED)


def test_a_question_may_be_interrupted(stage):
    """Nothing is requested then."""
    stage.forget_requests()
    with PersonAtTerminal(stage.environment, "get", "-q", "role002") as person:
        person.wait_for("Number: ")
        person.interrupt()
        exit_code, output, _ = person.end()
    assert (exit_code, output) == (130, "")
    assert stage.statuses("TaskService.CreateGrantTask") == []


def test_a_person_who_wants_no_questions(stage):
    """``-i`` holds at a terminal as well."""
    with PersonAtTerminal(stage.environment, "get", "-q", "role002", "-i") as person:
        exit_code, _, shown = person.end()
    assert exit_code == 2
    assert "multiple entitlements found" in shown
