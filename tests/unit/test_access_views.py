"""Views of profiles as rows and exit codes."""

from datetime import timedelta

import pytest

from cone_cli.access_exit import exit_code, worst, worst_of
from cone_cli.access_table import put_requested, put_status
from cone_sidecar.clock import rfc3339
from cone_sidecar.domain.access import Phase
from cone_sidecar.errors import UpstreamRejected
from cone_sidecar.web.status_view import error_view


def view(state, code="", **more):
    error = {"error": {"code": code, "message": "no", "hint": ""}} if code else {}
    return {"account_id": "000000000001", "role_name": "Admin", "state": str(state)} | error | more


@pytest.mark.parametrize(
    ("stands", "code"),
    [
        (view(Phase.READY, served=True), 0),
        (view(Phase.READY, "UpstreamUnreachable", served=True), 0),
        (view(Phase.PROPAGATING), 0),
        (view(Phase.PROPAGATING, "PropagationTimeout"), 1),
        (view(Phase.AWAITING_APPROVAL), 4),
        (view(Phase.AWAITING_APPROVAL, "ApprovalPending"), 4),
        (view(Phase.MACHINE_STEP), 1),
        (view(Phase.PROVISIONING), 1),
        (view(Phase.UNKNOWN_STEP), 1),
        (view("something new"), 1),
        (view(Phase.SIGN_IN_REQUIRED), 3),
        (view(Phase.FORM_REQUIRED), 7),
        (view(Phase.FORM_REQUIRED, "RequestFormRequired"), 7),
        (view(Phase.AWAITING_REPAIR), 1),
        (view(Phase.DENIED, "AccessDenied"), 5),
        (view(Phase.NO_GRANT, "NoActiveGrant"), 5),
        (view(Phase.CANCELLED, "RequestCancelled"), 1),
        (view(Phase.UNREACHABLE, "UpstreamUnreachable"), 6),
        (view(Phase.FAILED, "LoginRequired"), 3),
        (view(Phase.FAILED, "SomethingNew"), 1),
    ],
)
def test_exit_codes(stands, code):
    """Access is 0, a request that waits for a person 4, one in work 1, an end the code of its error."""
    assert exit_code(stands) == code


def test_the_worst():
    """An open request is the least of all, and nothing at all is fine."""
    assert worst([]) == 0
    assert worst([0, 4, 0]) == 4
    assert worst([4, 3]) == 3
    assert worst([4, 7, 5, 0]) == 5
    assert worst([5, 6, 1]) == 1


def test_the_worst_profile():
    """What is in work is less than any end, or a person who is waited for, though its code is 1."""
    work, approval = view(Phase.MACHINE_STEP), view(Phase.AWAITING_APPROVAL)
    ready, denied = view(Phase.READY, served=True), view(Phase.DENIED, "AccessDenied")
    assert worst_of([]) == 0
    assert worst_of([ready]) == 0
    assert worst_of([ready, work]) == 1
    assert worst_of([work, approval, ready]) == 4
    assert worst_of([work, denied, approval]) == 5
    assert worst_of([denied, view(Phase.ERROR, "RequestFailed")]) == 1


def test_the_status_table(clock, capsys):
    """The time left is the shorter of credentials and grant, and only where they are served."""
    hours = {n: rfc3339(clock.now() + timedelta(hours=n)) for n in (1, 8)}
    views = {
        "short": view(Phase.READY, served=True, expires=hours[1], grant_ends=hours[8]),
        "ends": view(Phase.READY, served=True, expires=hours[8], grant_ends=hours[1]),
        "link": view(
            Phase.SIGN_IN_REQUIRED, expires=hours[1], sign_in_url="https://device.example"
        ),
        "denied": view(Phase.DENIED, "AccessDenied", task="12", task_url="https://acme/task/12"),
        "unusable": {"state": "unusable", "error": error_view(UpstreamRejected("a key\x1b[31m"))},
    }
    put_status("table", views, clock.now())
    rows = [line.split(" | ") for line in capsys.readouterr().out.splitlines()]
    assert [cell.strip() for cell in rows[0]] == [
        "Profile", "State", "Time Left", "Grant Ends", "Task",
    ]  # fmt: skip
    assert [row[2].strip() for row in rows[1:4]] == ["1h", "1h", ""]
    assert rows[4][4] == "12"
    put_status("wide", views, clock.now())
    wide = capsys.readouterr().out
    assert "https://device.example" in wide
    assert "a key?[31m" in wide


def test_the_request_table(capsys):
    """Wide tells of account, role, age and approvers as well."""
    views = {
        "p": view(
            Phase.AWAITING_APPROVAL,
            task="12",
            task_url="https://acme/task/12",
            since="2026-01-02T03:04:05Z",
            approvers=["Grace", "Linus"],
        )
    }
    put_requested("wide", views)
    heading, row = capsys.readouterr().out.splitlines()
    assert [cell.strip() for cell in heading.split(" | ")] == [
        "Profile", "State", "Task", "Grant Ends", "URL", "Account", "Role", "Since", "Approvers",
    ]  # fmt: skip
    assert row.endswith("| 000000000001 | Admin | 2026-01-02T03:04:05Z | Grace, Linus")
    put_requested("json", views)
    assert capsys.readouterr().out.startswith('{"profiles":{"p":{"account_id":"000000000001"')
