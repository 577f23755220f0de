"""``cone search``, ``has``, ``get`` and ``drop``: what a person does about access, as processes."""

import json

import pytest

from cone_sidecar.simulator.ids import named_id
from fakes.simulated_person import SimulatedPerson
from fakes.terminal import PersonAtTerminal

ADA, GRACE = "ada@example.com", "grace@example.com"
BULK = 250
SCENARIO = f"""\
tenant: acme
users: [{{email: {ADA}, name: Ada}}, {{email: {GRACE}, name: Grace}}]
accounts: [{{id: "100000000001", name: P}}]
permission_sets:
  - {{account: P, name: Auto, max_duration: 8h, alias: auto}}
  - {{account: P, name: Held, granted_to: [{ADA}], grant_ends: 8h, alias: held}}
  - {{account: P, name: Given, granted_to: [{ADA}], alias: given}}
  - {{account: P, name: Approval, policy: approval, max_duration: 1h, alias: approval}}
  - {{account: P, name: Waited, policy: approval, alias: waited}}
  - {{account: P, name: Refused, policy: approval, alias: refused}}
  - {{account: P, name: Cancelled, policy: approval, alias: cancelled}}
  - {{account: P, name: Interrupted, policy: approval, alias: interrupted}}
  - {{account: P, name: Twice, policy: approval, alias: twice}}
  - {{account: P, name: Deny, policy: deny, alias: deny}}
  - {{account: P, name: Error, policy: error, alias: error}}
  - {{account: P, name: Timeout, policy: timeout, alias: timeout}}
  - {{account: P, name: Form, policy: form, alias: form}}
  - {{account: P, name: FormStep, policy: form_step, alias: form-step}}
  - {{account: P, name: Later, policy: [approval, form_step], alias: later}}
  - {{account: P, name: Urgent, policy: approval, emergency: true, alias: urgent}}
  - {{account: P, name: Emergent, policy: approval, emergency: true, alias: emergent}}
  - {{account: P, name: Asked, policy: approval, max_duration: 8h, alias: asked}}
  - {{account: P, name: AskedForm, policy: form, alias: asked-form}}
  - {{account: P, name: Hidden, requestable: false}}
  - {{account: P, name: Flaky, policy: approval, alias: flaky}}
bulk: {{accounts: 5, permission_sets: {BULK // 5}}}
"""
SETS = SCENARIO.count("account: P,") - 1
WHY = ("-i", "-j", "because")
GRANTED = "Entitlement granted successfully.\n"


@pytest.fixture(name="stage", scope="module")
def _stage(simulated_once):
    simulated_once.url = simulated_once.start_simulator(SCENARIO)
    return simulated_once


@pytest.fixture(name="ada", scope="module")
def _ada(stage):
    return SimulatedPerson(stage, ADA)


def entitlements(stage, *arguments):
    """Search, and return the entitlements of the JSON."""
    done = stage.cone("search", "-o", "json", *arguments)
    assert done.returncode == 0, done.stderr
    return [row["Entitlement"] for row in json.loads(done.stdout)["entitlements"]]


def ids(stage, alias):
    (found,) = entitlements(stage, "--alias", alias)
    return found["appId"], found["id"]


def task_of(done):
    """Return the task that a command printed as JSON."""
    return json.loads(done.stdout)


def outcome(task):
    (content,) = (each for each in task["type"].values() if each)
    return content["outcome"]


# --- search ---------------------------------------------------------------------------------------


def test_search_shows_every_page(stage):
    """Rows are sorted by name; what isn't requestable isn't there."""
    done = stage.cone("search")
    assert done.returncode == 0, done.stderr
    head, *rows = done.stdout.splitlines()
    assert [cell.strip() for cell in head.split("|")] == [
        "",
        "Alias",
        "Display Name",
        "App",
        "Resource Type",
        "Resource",
    ]
    assert len(rows) == SETS + BULK
    assert not any("Hidden" in row for row in rows)
    held = next(row for row in rows if "Held" in row)
    assert [cell.strip() for cell in held.split("|")] == [
        "✓",
        "held",
        "Held Permission Set",
        "AWS",
        "Account",
        "P",
    ]


def test_search_filters(stage):
    """By words, alias, app and whether one has it."""
    assert len(entitlements(stage)) == SETS + BULK
    assert [each["alias"] for each in entitlements(stage, "--alias", "auto")] == ["auto"]
    assert {each["alias"] for each in entitlements(stage, "--granted")} >= {"held", "given"}
    assert "held" not in {each["alias"] for each in entitlements(stage, "--not-granted")}
    assert entitlements(stage, "--app", "Elsewhere") == []
    assert len(entitlements(stage, "-q", "Role007", "--include-deleted")) == 5


def test_search_without_hits(stage):
    """It is an empty table, and no error."""
    done = stage.cone("search", "--query", "nothing-of-the-kind")
    assert (done.returncode, len(done.stdout.splitlines())) == (0, 1)


def test_search_shows_ids_in_the_wide_table(stage):
    """They are what ``has`` and ``get`` take."""
    done = stage.cone("-o", "wide", "search", "--alias", "auto")
    app_id, entitlement_id = ids(stage, "auto")
    row = done.stdout.splitlines()[1]
    assert [cell.strip() for cell in row.split("|")][-2:] == [app_id, entitlement_id]


def test_search_for_granted_and_not_granted(stage):
    """The two exclude each other."""
    assert stage.cone("search", "--granted", "--not-granted").returncode == 2


# --- has ------------------------------------------------------------------------------------------


def test_has(stage):
    """Yes is 0, no is 2; the JSON has the original's names, and no colours."""
    held, other = ids(stage, "held"), ids(stage, "asked")
    done = stage.cone("has", *held)
    assert (done.returncode, done.stdout) == (
        0,
        "Entitlement Granted | ✓\nApp Name            | AWS\nEntitlement         | Held Permission Set\n",
    )
    done = stage.cone("has", *other, "-o", "json")
    assert done.returncode == 2
    assert json.loads(done.stdout) == {
        "has": False,
        "app_id": other[0],
        "entitlement_id": other[1],
        "app_name": "AWS",
        "entitlement": "Asked Permission Set",
        "user_id": json.loads(done.stdout)["user_id"],
    }


def test_has_of_what_is_not_there(stage):
    """An unknown entitlement is an error, not a no."""
    app_id, _ = ids(stage, "held")
    done = stage.cone("has", app_id, "A" * 27)
    assert (done.returncode, done.stdout) == (1, "")
    assert "no such entitlement" in done.stderr


# --- get ------------------------------------------------------------------------------------------


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


def number_in(stream):
    """Read until the task's number is told."""
    for line in stream:
        if line.startswith("cone: task "):
            return line.split()[2].rstrip(":")
    raise AssertionError("ended without a task")


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


# --- forms ----------------------------------------------------------------------------------------


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


# --- a person at a terminal -----------------------------------------------------------------------


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


# --- drop -----------------------------------------------------------------------------------------


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


# --- what every command takes ---------------------------------------------------------------------


def test_logs_go_to_stderr_without_secrets(stage):
    """At debug each request is told of, by its URL; nothing of a header or a body is."""
    done = stage.cone("--debug", "search", "--alias", "auto", "-o", "json")
    assert json.loads(done.stdout)["entitlements"]
    assert "/api/v1/search/request_catalog/entitlements" in done.stderr
    secret = stage.environment["CONE_CLIENT_SECRET"]
    for word in (secret, secret.rpartition(":")[2], "Bearer", "authorization"):
        assert word not in done.stderr
    quiet = stage.cone("--log-level", "info", "search", "--alias", "auto")
    assert quiet.stderr == ""
