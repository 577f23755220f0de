"""``cone task``: what a requester and an approver do with requests, as processes on the simulator."""

import json
import re
import signal

import pytest

from fakes.simulated_person import SimulatedPerson

# More than the largest page.
ROLES = 105
LIMIT_S = 60
ADA, GRACE = "ada@example.com", "grace@example.com"
NAMED = """\
  - {account: P, name: Approval, policy: approval, max_duration: 8h}
  - {account: P, name: Deny, policy: approval}
  - {account: P, name: Waited, policy: approval}
  - {account: P, name: Denied, policy: approval}
  - {account: P, name: Comment, policy: approval}
  - {account: P, name: Emergency, policy: approval, emergency: true}
  - {account: P, name: Webhook, policy: webhook, lags: {policy_step: 10m}}
  - {account: P, name: Twice, policy: [approval, approval]}
  - {account: P, name: Interrupted, policy: [approval, approval]}
  - {account: P, name: Own, policy: approval}
  - {account: P, name: Cancelled, policy: approval}
  - {account: P, name: Lost, policy: approval}
  - {account: P, name: Format, policy: approval}
"""
SCENARIO = f"""\
tenant: acme
users:
  - {{email: {ADA}, name: Ada Lovelace}}
  - {{email: {GRACE}, name: Grace Hopper}}
accounts: [{{id: "100000000001", name: P}}]
permission_sets:
{NAMED}""" + "".join(f"  - {{account: P, name: Many{n}, policy: approval}}\n" for n in range(ROLES))


@pytest.fixture(name="stage", scope="module")
def _stage(simulated_once):
    simulated_once.url = simulated_once.start_simulator(SCENARIO)
    return simulated_once


@pytest.fixture(name="ada", scope="module")
def _ada(stage):
    return SimulatedPerson(stage, ADA)


@pytest.fixture(name="grace", scope="module")
def _grace(stage):
    return SimulatedPerson(stage, GRACE)


def ok(done):
    """Return what a command printed that succeeded."""
    assert done.returncode == 0, done.stderr
    return done.stdout


def cells(text):
    """Return the cells of each line of a table."""
    return [[cell.strip() for cell in line.split("|")] for line in text.splitlines()]


def details(person, number):
    """Return the rows of ``cone task get``."""
    return dict(cells(ok(person.cone("task", "get", number))))


def test_a_request_is_shown_with_what_it_waits_for(ada):
    """By number and by id; the approver is named, and the JSON is the API's task."""
    task = ada.asked_for("Approval", grantDuration="3600s")
    found = details(ada, task["numericId"])
    # Its age in seconds grows between the two.
    assert found | {"Age": ""} == details(ada, task["id"]) | {"Age": ""}
    assert found["Age"].endswith("s")
    assert found | {"Age": "", "Created At": ""} == {
        "Id": task["numericId"],
        "Name": "Grant Approval Permission Set on P",
        "State": "Open",
        "Processing": "Waiting for Action",
        "Created At": "",
        "Outcome": "",
        "Waiting For": "Approval",
        "Approvers": "Grace Hopper <grace@example.com>",
        "Age": "",
        "Grant Duration": "1h",
        "Ticket URL": f"{ada.stage.url}/task/{task['numericId']}",
    }
    content = json.loads(ok(ada.cone("task", "get", task["numericId"], "-o", "json")))
    assert (content["id"], content["numericId"]) == (task["id"], int(task["numericId"]))


def test_approvers_that_can_not_be_looked_up_are_their_ids(stage, ada):
    """The command succeeds without them, and asks for nobody where it prints JSON."""
    task = ada.asked_for("Lost")
    stage.control("POST", "/faults", {"operation": "UserService.Get", "status": 403, "count": 1})
    assert details(ada, task["numericId"])["Approvers"] == task["approverIds"][0]
    stage.control("DELETE", "/faults")
    stage.forget_requests()
    ok(ada.cone("task", "get", task["numericId"], "-o", "json"))
    assert stage.statuses("UserService.Get") == []


def test_an_approval(ada, grace):
    """It prints the request's page and its row as they are afterwards."""
    task = ada.asked_for("Format")
    number = task["numericId"]
    printed = ok(grace.cone("task", "approve", number, "--comment", "go ahead"))
    url, columns, row = printed.splitlines()
    assert re.fullmatch(rf"Ticket URL: http://\S+/task/{number}", url)
    assert cells(columns)[0] == ["Id", "Display Name", "State", "Processing"]
    assert cells(row)[0] == [number, "Grant Format Permission Set on P", "Closed", "Done"]
    found = details(ada, number)
    assert (found["Outcome"], found["Waiting For"]) == ("Granted", "")
    content = json.loads(ok(ada.cone("task", "get", number, "-o", "json")))
    assert content["commentCount"] == 1


def test_an_approval_that_is_waited_for(ada, grace):
    """The end is told in the original's words, and stdout holds one JSON object alone."""
    number = ada.asked_for("Waited")["numericId"]
    done = grace.cone("task", "approve", number, "-w", "-o", "json")
    assert json.loads(ok(done))["state"] == "TASK_STATE_CLOSED"
    assert done.stderr == "Waiting for ticket to close.\nEntitlement granted successfully.\n"


def test_a_denial(ada, grace):
    """It closes the request."""
    number = ada.asked_for("Deny")["numericId"]
    printed = ok(grace.cone("task", "deny", number, "--comment", "no", "-o", "wide"))
    assert cells(printed)[-1] == [number, "Grant Deny Permission Set on P", "Closed", "Done", ""]
    assert details(ada, number)["Outcome"] == "Denied"


def test_a_denial_that_is_waited_for(ada, grace):
    """It tells that nothing was granted, which is what was wanted."""
    number = ada.asked_for("Denied")["numericId"]
    done = grace.cone("task", "deny", number, "--wait")
    ok(done)
    assert done.stderr.splitlines()[-1] == "Failed to grant entitlement GRANT_OUTCOME_DENIED"


def test_a_wait_goes_on_through_later_steps(stage, ada, grace):
    """An approval is followed until the last approver has decided."""
    number = ada.asked_for("Twice")["numericId"]
    with grace.started("task", "approve", number, "--wait") as waiting:
        wait_for(waiting.stderr, "Waiting for ticket to close.")
        assert details(ada, number)["State"] == "Open"
        stage.control("POST", f"/tasks/{number}/approve")
        printed, said = waiting.communicate(timeout=LIMIT_S)
    assert (waiting.returncode, said) == (0, "Entitlement granted successfully.\n")
    assert cells(printed)[-1][2] == "Closed"


def test_a_wait_that_is_interrupted(ada, grace):
    """It ends at once with 130; what was decided stays decided."""
    number = ada.asked_for("Interrupted")["numericId"]
    with grace.started("task", "approve", number, "--wait") as waiting:
        wait_for(waiting.stderr, "Waiting for ticket to close.")
        waiting.send_signal(signal.SIGINT)
        printed, said = waiting.communicate(timeout=LIMIT_S)
    assert (waiting.returncode, printed, said) == (130, "", "")


def wait_for(stream, line):
    """Read until this line has come."""
    for each in stream:
        if each.rstrip("\n") == line:
            return
    raise AssertionError(f"never said: {line}")


def test_nobody_approves_a_request_of_their_own(ada):
    """The hint says who may."""
    number = ada.asked_for("Own")["numericId"]
    for verb in ("approve", "deny"):
        done = ada.cone("task", verb, number)
        assert (done.returncode, done.stdout) == (1, "")
        error, hint = done.stderr.splitlines()
        assert error.endswith(f"doesn't permit you to {verb} task {number} (HTTP 403)")
        assert "of their own" in hint
        assert f"cone task get {number}" in hint
    assert details(ada, number)["State"] == "Open"


def test_what_waits_for_a_machine_is_not_approved(ada, grace):
    """Its step is shown as what it is."""
    number = ada.asked_for("Webhook")["numericId"]
    assert details(ada, number)["Waiting For"] == "Approval by webhook"
    done = grace.cone("task", "approve", number)
    assert done.returncode == 1
    assert f"permit you to approve task {number}" in done.stderr


def test_a_closed_task(stage, ada, grace):
    """Whatever is tried, it is closed, and that is said."""
    number = ada.asked_for("Cancelled")["numericId"]
    stage.control("POST", f"/tasks/{number}/cancel")
    for arguments in (("approve", number), ("deny", number), ("comment", number, "x")):
        done = grace.cone("task", *arguments)
        assert done.returncode == 1
        assert done.stderr == (
            f"cone: error: task {number} is closed: nothing can be done with it any more\n"
            f"cone: hint: cone task get {number} shows how it ended\n"
        )
    assert details(ada, number)["Outcome"] == "Cancelled"


def test_a_comment(ada, grace):
    """Anyone may comment; what is printed is the task after it."""
    number = ada.asked_for("Comment")["numericId"]
    printed = ok(ada.cone("task", "comment", number, "still needed"))
    assert cells(printed) == [
        ["Id", "Display Name", "State"],
        [number, "Grant Comment Permission Set on P", "Open"],
    ]
    answer = json.loads(ok(grace.cone("task", "comment", number, "why?", "-o", "json")))
    assert answer["taskView"]["task"]["commentCount"] == 2
    done = ada.cone("task", "comment", number, " ")
    assert done.returncode == 2
    assert "the comment is empty" in done.stderr


def test_an_escalation(ada, grace):
    """Emergency access asks nobody; only who asked may escalate."""
    number = ada.asked_for("Emergency")["numericId"]
    refused = grace.cone("task", "escalate", number)
    assert refused.returncode == 1
    assert "only who made the request may" in refused.stderr
    answer = json.loads(ok(ada.cone("task", "escalate", number, "-o", "json")))
    assert answer["taskView"]["task"]["emergencyAccess"] is True
    assert answer["ticketActionId"]
    wide = dict(cells(ok(ada.cone("task", "get", number, "-o", "wide"))))
    assert (wide["Emergency Access"], wide["Outcome"]) == ("✓", "Granted")


@pytest.mark.parametrize(
    "arguments",
    [
        ("get", "4711"),
        ("get", "not-an-id"),
        ("approve", "4711"),
        ("deny", "4711"),
        ("comment", "4711", "x"),
        ("escalate", "4711"),
    ],
)
def test_a_task_that_there_is_not(ada, arguments):
    """One line, one hint, exit code 1."""
    done = ada.cone("task", *arguments)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("cone: error: ConductorOne has no such task\ncone: hint: ")


def test_a_search_over_many_pages(stage, ada):
    """All pages are printed, where the original stops after the first."""
    asked = {ada.asked_for(f"Many{n}")["numericId"] for n in range(ROLES)}
    stage.forget_requests()
    columns, *rows = cells(ok(ada.cone("task", "search", "--query", "Many", "--state", "open")))
    assert columns == ["Id", "Display Name", "State", "Processing"]
    assert {row[0] for row in rows} == asked
    assert len(rows) == ROLES
    assert stage.statuses("TaskSearchService.Search") == [200, 200]


def test_searches(ada, grace):
    """Filters find what they name, by ids, states, kinds and people; the table may be empty."""
    entitlement = ada.entitlement("Own")["id"]
    rows = cells(ok(ada.cone("task", "search", "--app-entitlement-id", entitlement)))
    assert [row[1] for row in rows[1:]] == ["Grant Own Permission Set on P"]
    everything = json.loads(ok(ada.cone("task", "search", "-o", "json")))["list"]
    mine = json.loads(ok(grace.cone("task", "search", "--assignee-id", "me", "-o", "json")))["list"]
    # Nobody else than the other one may decide, and not every task waits for a decision.
    waiting = [view["task"]["id"] for view in everything if view["task"]["stepApproverIds"]]
    assert [view["task"]["id"] for view in mine] == waiting
    assert 0 < len(waiting) < len(everything)
    for arguments in (("--opened-by", "me"), ("--task-type", "revoke"), ("--query", "nowhere")):
        assert len(cells(ok(grace.cone("task", "search", *arguments)))) == 1


def test_a_page_that_comes_again_is_an_error(stage, ada):
    """It isn't asked for without end."""
    fault = {
        "operation": "TaskSearchService.Search",
        "status": 200,
        "body": {"list": [], "expanded": [], "nextPageToken": "again"},
    }
    stage.control("POST", "/faults", fault)
    done = ada.cone("task", "search")
    stage.control("DELETE", "/faults")
    assert (done.returncode, done.stdout) == (1, "")
    assert "repeats a page" in done.stderr


def test_wrong_words(ada):
    """They end in exit code 2, before anything is sent."""
    for arguments in (("get",), ("get", "1", "2"), ("search", "--state", "x"), ("approve", ".")):
        done = ada.cone("task", *arguments)
        assert done.returncode == 2, done.stderr
        assert done.stderr.startswith("cone: error: ")
