"""The API's JSON, read leniently into our values: unknown fields and enum names are no error."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from cone_sidecar.clock import parse_timestamp
from cone_sidecar.conductorone.host import TenantHost
from cone_sidecar.domain.profile import EntitlementRef
from cone_sidecar.domain.task import Entitlement, Grant, Outcome, StepKind, Task
from cone_sidecar.errors import UpstreamRejected

# Machines that decide; every other kind of approval, also one we don't know, waits for a person.
MACHINE_APPROVALS = ("webhook", "agent", "expression")
TASK_STATES = ("TASK_STATE_OPEN", "TASK_STATE_CLOSED", "TASK_STATE_UNSPECIFIED", "")
DURATION = re.compile(r"^(\d+(?:\.\d{1,9})?)s$")


def dig(value: object, *keys: str) -> Any:  # noqa: ANN401 -- JSON
    """Return what lies under ``keys``, None where the path ends before."""
    for key in keys:
        if not isinstance(value, dict):
            return None
        value = value.get(key)
    return value


def rows(value: object, key: str) -> list[dict[str, Any]]:
    """Return the objects of the list under ``key``; absent and null are empty."""
    found = dig(value, key)
    return [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []


def timestamp(value: object) -> datetime | None:
    """Parse a timestamp; null, absent and malformed are None."""
    if not isinstance(value, str) or not value:
        return None
    try:
        return parse_timestamp(value)
    except ValueError:
        return None


def duration(value: object) -> timedelta | None:
    """Parse a protojson duration, decimal seconds with an ``s``; one beyond all bounds is None."""
    match = DURATION.match(value) if isinstance(value, str) else None
    try:
        return timedelta(seconds=float(match[1])) if match else None
    except OverflowError:
        return None


def duration_text(value: timedelta) -> str:
    """Format a duration as whole protojson seconds."""
    return f"{int(value.total_seconds())}s"


def task(answer: Mapping[str, Any], host: TenantHost) -> Task:
    """Read ``taskView.task``.

    Raises:
        UpstreamRejected: There is no task in the answer.
    """
    found = dig(answer, "taskView", "task")
    if not dig(found, "id"):
        raise UpstreamRejected("ConductorOne answers without a task", hint="retry the command")
    number = str(dig(found, "numericId") or "")
    outcome_name = str(dig(found, "type", "grant", "outcome") or "")
    step, step_name = _step(found)
    approvers = found.get("stepApproverIds")
    return Task(
        id=str(found["id"]),
        number=number,
        url=task_url(found, host),
        closed=dig(found, "state") == "TASK_STATE_CLOSED",
        outcome=_outcome(outcome_name),
        outcome_name=outcome_name,
        step=step,
        step_name=step_name,
        created=timestamp(found.get("createdAt")),
        approvers=tuple(map(str, approvers)) if isinstance(approvers, list) else (),
    )


def task_url(task: Mapping[str, Any], host: TenantHost) -> str:
    """Return the task's page, where people decide it."""
    return f"{host.base_url}/task/{task.get('numericId') or task.get('id') or ''}"


def grant(answer: Mapping[str, Any]) -> Grant | None:
    """Read the bindings of an entitlement: every account is listed, granted or not (reference §3.4)."""
    granted = [
        binding
        for binding in rows(answer, "bindings")
        if binding.get("createdAt") and not binding.get("deletedAt")
    ]
    if not granted:
        return None
    ends = [timestamp(binding.get("deprovisionAt")) for binding in granted]
    limited = [end for end in ends if end is not None]
    return Grant(max(limited) if len(limited) == len(ends) else None)


def entitlement(answer: Mapping[str, Any], ref: EntitlementRef) -> Entitlement:
    """Read ``appEntitlementView.appEntitlement``."""
    found = dig(answer, "appEntitlementView", "appEntitlement")
    return Entitlement(
        ref,
        display_name=str(dig(found, "displayName") or ""),
        max_duration=duration(dig(found, "durationGrant")),
        form_id=str(dig(found, "requestSchemaId") or ""),
    )


def _outcome(name: str) -> Outcome:
    if not name:
        return Outcome.UNSPECIFIED
    try:
        return Outcome(name)
    except ValueError:
        return Outcome.OTHER


def _step(task: Mapping[str, Any]) -> tuple[StepKind, str]:
    """Tell who the task waits for, and the API's name for it (reference §4.2).

    A kind of step, or a state of the task, that we don't know is followed as a machine's.
    """
    state = str(task.get("state") or "")
    if state not in TASK_STATES:
        return StepKind.UNKNOWN, state
    current = dig(task, "policy", "current")
    if not isinstance(current, dict):
        return StepKind.NONE, ""
    for name, kind in STEP_KINDS.items():
        if isinstance(current.get(name), dict):
            return kind(current[name]), name
    named = [name for name, value in current.items() if isinstance(value, dict)]
    return (StepKind.UNKNOWN, named[0]) if named else (StepKind.MACHINE, "")


def _approval(step: object) -> StepKind:
    """Tell a machine's decision from a person's; a kind we don't know waits for a person."""
    kinds = dig(step, "approval")
    machine = any(dig(kinds, kind) is not None for kind in MACHINE_APPROVALS)
    return StepKind.MACHINE if machine else StepKind.APPROVAL


STEP_KINDS: dict[str, Callable[[object], StepKind]] = {
    "approval": _approval,
    "form": lambda _: StepKind.FORM,
    "provision": lambda _: StepKind.PROVISION,
    "wait": lambda _: StepKind.MACHINE,
    "accept": lambda _: StepKind.MACHINE,
    "reject": lambda _: StepKind.MACHINE,
    "action": lambda _: StepKind.MACHINE,
}
