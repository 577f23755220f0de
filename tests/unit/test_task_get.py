"""``cone task get``: the original's rows, and what it hides."""

from datetime import UTC, datetime, timedelta

import pytest

from cone_cli.task_details import details_of, wide_details_of
from cone_cli.time_span import span_text
from cone_sidecar.conductorone.task_view import approver_names
from cone_sidecar.errors import Unreachable
from fakes.scripted_api import ScriptedApi

NOW = datetime(2026, 1, 2, 5, 9, 6, tzinfo=UTC)


def a_task(**changes):
    return {
        "numericId": "1234",
        "displayName": "Grant Admin",
        "state": "TASK_STATE_OPEN",
        "processing": "TASK_PROCESSING_TYPE_WAITING",
        "createdAt": "2026-01-02T03:04:05.123456Z",
        "emergencyAccess": False,
        "type": {"grant": {"outcome": "GRANT_OUTCOME_UNSPECIFIED", "grantDuration": "28800s"}},
        "policy": {"current": {"id": "x", "approval": {}, "wait": None}},
    } | changes


def rows(task, approvers=()):
    return dict(details_of(task, approvers, NOW))


def test_an_open_task():
    """An open task shows whom it waits for, and for how long already."""
    assert rows(a_task(), ["Grace <grace@example.com>", "u2"]) == {
        "Id": "1234",
        "Name": "Grant Admin",
        "State": "Open",
        "Processing": "Waiting for Action",
        "Created At": "2026-01-02T03:04:05Z",
        "Outcome": "",
        "Waiting For": "Approval",
        "Approvers": "Grace <grace@example.com>, u2",
        "Age": "2h 5m",
        "Grant Duration": "8h",
    }


def test_emergency_access_is_a_mark_of_the_wide_rows():
    """It stands where the original puts it."""
    wide = wide_details_of(a_task(emergencyAccess=True), [], NOW)
    assert wide[5] == ("Emergency Access", "✓")
    assert [row for row in wide if row[0] != "Emergency Access"] == details_of(
        a_task(emergencyAccess=True), [], NOW
    )


@pytest.mark.parametrize(
    ("kinds", "outcome"),
    [
        ({"grant": {"outcome": "GRANT_OUTCOME_GRANTED"}}, "Granted"),
        ({"revoke": {"outcome": "REVOKE_OUTCOME_REVOKED"}}, "Revoked"),
        ({"grant": {"outcome": "GRANT_OUTCOME_WAIT_TIMED_OUT"}}, "Wait timed out"),
        ({"grant": {"outcome": "SOMETHING_NEW"}}, "Something new"),
        ({"finding": {}}, ""),
        ({"grant": None}, ""),
        (None, ""),
    ],
)
def test_outcomes(kinds, outcome):
    """The outcome is the API's word, also one that we don't know."""
    assert rows(a_task(type=kinds))["Outcome"] == outcome


@pytest.mark.parametrize(
    ("step", "waiting_for"),
    [
        ({"approval": {"approval": {"users": {}}}}, "Approval"),
        ({"approval": {"approval": {"escalation": {}, "webhook": {}}}}, "Approval by webhook"),
        ({"approval": {"approval": {"appOwners": {}}}}, "Approval by app owners"),
        ({"approval": {"approval": {"somethingNew": {}}}}, "Approval by something new"),
        ({"approval": {"approval": None}}, "Approval"),
        ({"provision": {"state": "X"}}, "Provision"),
        ({"form": {}}, "Form"),
        ({"wait": {"condition": {}}}, "Wait"),
        ({"somethingNew": {}}, "Something new"),
        ({"id": "x"}, ""),
        (None, ""),
    ],
)
def test_what_is_waited_for(step, waiting_for):
    """The kind of the step is shown, also one that we don't know."""
    assert rows(a_task(policy={"current": step}))["Waiting For"] == waiting_for


def test_a_closed_task_waits_for_nothing():
    """Whatever step it stands at."""
    assert rows(a_task(state="TASK_STATE_CLOSED"))["Waiting For"] == ""


def test_what_is_absent_or_new_is_no_crash():
    """The original panics on a task without state; here its rows are empty, or say what came."""
    found = dict(wide_details_of({"state": "TASK_STATE_NEW", "createdAt": "soon"}, [], NOW))
    assert found["State"] == "TASK_STATE_NEW"
    assert found["Processing"] == "Unknown Processing"
    assert found["Emergency Access"] == ""
    assert (found["Created At"], found["Age"]) == ("soon", "")
    assert rows({"policy": None, "type": [], "state": None, "stepApproverIds": None})["State"] == ""


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "0s"),
        (0, "0s"),
        (45, "45s"),
        (300, "5m"),
        (301, "5m 1s"),
        (28_800, "8h"),
        (7_505, "2h 5m"),
        (86_400, "1d"),
        (86_459, "1d"),
        (90_000, "1d 1h"),
        (700_000, "8d 2h"),
    ],
)
def test_spans(seconds, text):
    """Two units are enough for a person."""
    assert span_text(timedelta(seconds=seconds)) == text


async def names(task, expanded=None, **users):
    api = ScriptedApi(**{f"/api/v1/users/{user}": [answer] for user, answer in users.items()})
    found = await approver_names(api, {"taskView": {"task": task}, "expanded": expanded})
    return found, len(api.sent)


def a_person(**fields):
    return {"userView": {"user": fields}}


async def test_approvers_are_named():
    """By name and address, by what there is of them, and by the id of who can't be looked up."""
    task = {"stepApproverIds": ["a", "b", "c", "d"], "approverIds": ["z"]}
    found, _ = await names(
        task,
        a=a_person(displayName="Ada", email="ada@example.com"),
        b=a_person(email="bob@example.com"),
        c=Unreachable("down"),
        d={"userView": None},
    )
    assert found == ["Ada <ada@example.com>", "bob@example.com", "c", "d"]


async def test_approvers_that_came_along_are_not_asked_for():
    """What the answer brought is used; what it brought of other kinds is ignored."""
    expanded = [
        None,
        {"@type": "type.googleapis.com/c1.api.app.v1.App", "id": "a", "displayName": "AWS"},
        {"@type": "type.googleapis.com/c1.api.user.v1.User", "id": "a", "displayName": "Ada"},
    ]
    assert await names({"approverIds": ["a"]}, expanded) == (["Ada"], 0)


async def test_of_many_approvers_ten_are_named():
    """A group of hundreds doesn't take hundreds of requests."""
    found, asked = await names({"approverIds": [f"u{n}" for n in range(300)]})
    assert found[9:] == ["u9", "290 more"]
    assert asked == 10
    assert await names({"approverIds": None}) == ([], 0)
