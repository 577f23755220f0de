"""The API's JSON, as it is, as it might become, and broken."""

from datetime import UTC, datetime, timedelta

import pytest

from cone_sidecar.conductorone import wire
from cone_sidecar.conductorone.host import TenantHost
from cone_sidecar.domain.task import Grant, Outcome, StepKind
from cone_sidecar.errors import UpstreamRejected

HOST = TenantHost("https", "acme.conductor.one")


def binding(**changes):
    return {
        "appId": "a",
        "appEntitlementId": "e",
        "appUserId": "u",
        "createdAt": "2026-01-02T03:04:05.123456789Z",
        "deletedAt": None,
        "deprovisionAt": None,
        "grantSources": [],
    } | changes


@pytest.mark.parametrize(
    ("bindings", "grant"),
    [
        ([], None),
        (None, None),
        ([binding(createdAt=None, appEntitlementId="")], None),
        ([binding(deletedAt="2026-01-03T00:00:00Z")], None),
        ([binding()], Grant(None)),
        ([binding(deprovisionAt="2026-01-03T00:00:00Z")], Grant(datetime(2026, 1, 3, tzinfo=UTC))),
        (
            [
                binding(deprovisionAt="2026-01-03T00:00:00Z"),
                binding(deprovisionAt="2026-01-04T00:00:00Z"),
            ],
            Grant(datetime(2026, 1, 4, tzinfo=UTC)),
        ),
        ([binding(deprovisionAt="2026-01-03T00:00:00Z"), binding()], Grant(None)),
    ],
)
def test_bindings(bindings, grant):
    """Only what was created and not deleted is access, and the longest one counts."""
    assert wire.grant({"bindings": bindings}) == grant


def task_with(**changes):
    task = {
        "id": "t",
        "numericId": "1234",
        "state": "TASK_STATE_OPEN",
        "processing": "TASK_PROCESSING_TYPE_PROCESSING",
        "policy": {"current": None},
        "type": {"grant": {"outcome": "GRANT_OUTCOME_UNSPECIFIED"}},
    }
    return {"taskView": {"task": task | changes}, "expanded": []}


@pytest.mark.parametrize(
    ("current", "kind"),
    [
        (None, StepKind.NONE),
        ({"approval": {"approval": {"users": {}}}}, StepKind.APPROVAL),
        ({"approval": {"approval": {"self": {}}}}, StepKind.APPROVAL),
        ({"approval": {"approval": {"webhook": {"webhookId": "w"}}}}, StepKind.MACHINE),
        ({"approval": {"approval": {"agent": {"policyIds": []}}}}, StepKind.MACHINE),
        ({"approval": {"approval": {"expression": {"expressions": []}}}}, StepKind.MACHINE),
        ({"approval": {"approval": {"somethingNew": {}}}}, StepKind.APPROVAL),
        ({"provision": {"state": "PROVISION_INSTANCE_STATE_WAITING"}}, StepKind.PROVISION),
        ({"form": {"state": "FORM_INSTANCE_STATE_WAITING"}}, StepKind.FORM),
        ({"wait": {"state": "WAIT_INSTANCE_STATE_WAITING"}}, StepKind.MACHINE),
        ({"accept": {"acceptMessage": ""}}, StepKind.MACHINE),
        ({"somethingNew": {"state": "NEW"}}, StepKind.UNKNOWN),
    ],
)
def test_policy_steps(current, kind):
    """Each step tells who has to act; what isn't known is a person's if it is an approval."""
    assert wire.task(task_with(policy={"current": current}), HOST).step is kind


@pytest.mark.parametrize(
    ("name", "outcome"),
    [
        ("GRANT_OUTCOME_GRANTED", Outcome.GRANTED),
        ("GRANT_OUTCOME_WAIT_TIMED_OUT", Outcome.WAIT_TIMED_OUT),
        ("GRANT_OUTCOME_NEW", Outcome.OTHER),
        ("", Outcome.UNSPECIFIED),
    ],
)
def test_outcomes(name, outcome):
    """An outcome that isn't known keeps its name."""
    task = wire.task(task_with(type={"grant": {"outcome": name}}), HOST)
    assert task.outcome is outcome
    assert task.outcome_name == name


def test_task_url_and_number():
    """The number is what people see, and part of the link."""
    task = wire.task(task_with(), HOST)
    assert (task.number, task.url) == ("1234", "https://acme.conductor.one/task/1234")
    assert not task.closed


@pytest.mark.parametrize("answer", [{}, {"taskView": None}, {"taskView": {"task": {}}}])
def test_no_task_is_an_error(answer):
    """An answer without a task is no task."""
    with pytest.raises(UpstreamRejected):
        wire.task(answer, HOST)


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("3600s", timedelta(hours=1)),
        ("1.5s", timedelta(seconds=1.5)),
        ("1h", None),
        ("", None),
        (None, None),
        (3600, None),
    ],
)
def test_durations(text, duration):
    """A duration is decimal seconds with an s."""
    assert wire.duration(text) == duration


def test_a_duration_beyond_all_bounds():
    """More than a timedelta holds is as good as none."""
    assert wire.duration("9" * 400 + "s") is None
    assert wire.duration("99999999999999s") is None
