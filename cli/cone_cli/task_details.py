"""One task as rows: the original's, and what it hides."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from cone_cli.task_rows import emergency_text, processing_text, state_text
from cone_cli.time_span import span_text
from cone_sidecar.clock import rfc3339
from cone_sidecar.conductorone.task_view import approval_of, current_step, is_closed, outcome_name
from cone_sidecar.conductorone.wire import dig, duration, timestamp

UNSPECIFIED = "UNSPECIFIED"
# Settings of an approval that aren't the kind of approval.
NO_KINDS = frozenset({"escalation"})
INNER_CAPITAL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
Rows = list[tuple[str, object]]


def details_of(task: Mapping[str, Any], approvers: Sequence[str], now: datetime) -> Rows:
    """Return the original's rows, and what it hides."""
    return [*_original_rows(task), *_hidden_rows(task, approvers, now)]


def wide_details_of(task: Mapping[str, Any], approvers: Sequence[str], now: datetime) -> Rows:
    """Return the rows of ``-o wide``."""
    emergency = ("Emergency Access", emergency_text(task))
    return [*_original_rows(task), emergency, *_hidden_rows(task, approvers, now)]


def _original_rows(task: Mapping[str, Any]) -> Rows:
    return [
        ("Id", task.get("numericId")),
        ("Name", task.get("displayName")),
        ("State", state_text(task)),
        ("Processing", processing_text(task)),
        ("Created At", _created(task)),
    ]


def _hidden_rows(task: Mapping[str, Any], approvers: Sequence[str], now: datetime) -> Rows:
    return [
        ("Outcome", _outcome(task)),
        ("Waiting For", _step(task)),
        ("Approvers", ", ".join(approvers)),
        ("Age", _age(task, now)),
        ("Grant Duration", _grant_duration(task)),
    ]


def _created(task: Mapping[str, Any]) -> object:
    """Return the time to the second, as the original prints it."""
    created = timestamp(task.get("createdAt"))
    return rfc3339(created) if created else task.get("createdAt")


def _age(task: Mapping[str, Any], now: datetime) -> str:
    created = timestamp(task.get("createdAt"))
    return span_text(now - created) if created else ""


def _grant_duration(task: Mapping[str, Any]) -> str:
    asked = duration(dig(task, "type", "grant", "grantDuration"))
    return span_text(asked) if asked else ""


def _outcome(task: Mapping[str, Any]) -> str:
    """Return how the task ended, in the API's own word, without its prefix."""
    _, name = outcome_name(task)
    outcome = name.partition("_OUTCOME_")[2] or name
    return "" if outcome == UNSPECIFIED else outcome.replace("_", " ").capitalize()


def _step(task: Mapping[str, Any]) -> str:
    """Return what kind of policy step an open task waits for, and who approves, if that is no list."""
    step = current_step(task)
    kind = _kind_of(step)
    if not kind or is_closed(task):
        return ""
    approval = _kind_of(approval_of(step)) if kind == "approval" else ""
    by = f" by {_words(approval)}" if approval not in {"", "users"} else ""
    return _words(kind).capitalize() + by


def _kind_of(content: Mapping[str, Any]) -> str:
    """Return which member of a oneof is set."""
    return next(
        (key for key, value in content.items() if isinstance(value, dict) and key not in NO_KINDS),
        "",
    )


def _words(name: str) -> str:
    return INNER_CAPITAL.sub(" ", name).lower()
