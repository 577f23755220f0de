"""``cone task get``: the original's rows, and what it hides."""

import pytest

from cone_cli.commands.task_get import rows_of, wide_rows_of


def a_task(**changes):
    return {
        "numericId": "1234",
        "displayName": "Grant Admin",
        "state": "TASK_STATE_OPEN",
        "processing": "TASK_PROCESSING_TYPE_WAITING",
        "createdAt": "2026-01-02T03:04:05Z",
        "emergencyAccess": False,
        "type": {"grant": {"outcome": "GRANT_OUTCOME_UNSPECIFIED"}},
        "policy": {"current": {"id": "x", "approval": {}, "wait": None}},
    } | changes


def test_an_open_task():
    """An open task shows whom it waits for."""
    assert dict(rows_of(a_task())) == {
        "Id": "1234",
        "Name": "Grant Admin",
        "State": "Open",
        "Processing": "Waiting for Action",
        "Created At": "2026-01-02T03:04:05Z",
        "Outcome": "",
        "Waiting For": "Approval",
    }


@pytest.mark.parametrize(
    ("kinds", "outcome"),
    [
        ({"grant": {"outcome": "GRANT_OUTCOME_GRANTED"}}, "Granted"),
        ({"revoke": {"outcome": "REVOKE_OUTCOME_REVOKED"}}, "Revoked"),
        ({"grant": {"outcome": "GRANT_OUTCOME_WAIT_TIMED_OUT"}}, "Wait timed out"),
        ({"grant": {"outcome": "SOMETHING_NEW"}}, "Something new"),
        ({"grant": None}, ""),
        (None, ""),
    ],
)
def test_outcomes(kinds, outcome):
    """The outcome is the API's word, also one that we don't know."""
    assert dict(rows_of(a_task(type=kinds)))["Outcome"] == outcome


def test_what_is_absent_or_new_is_no_crash():
    """The original panics on a task without state; here its rows are empty, or say what came."""
    rows = dict(wide_rows_of({"state": "TASK_STATE_NEW"}))
    assert rows["State"] == "TASK_STATE_NEW"
    assert rows["Processing"] == "Unknown Processing"
    assert rows["Emergency Access"] == "No"
