"""How profiles stand, as rows: the views of the running sidecar's ``/status``, and of commands like it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from cone_cli.output import put_list
from cone_cli.time_span import span_text
from cone_sidecar.clock import parse_timestamp

REQUESTED = ("Profile", "State", "Task", "Grant Ends", "URL")
REQUESTED_WIDE = (*REQUESTED, "Account", "Role", "Since", "Approvers")
STATUS = ("Profile", "State", "Time Left", "Grant Ends", "Task")
STATUS_WIDE = (*STATUS, "Account", "Role", "URL", "Error")
CATALOGUE = ("Profile", "State", "Grant Ends", "Account", "Role")
CATALOGUE_WIDE = (*CATALOGUE, "Task", "Region", "Tenant", "Error")
View = Mapping[str, Any]


def put_requested(output: str, views: Mapping[str, View]) -> None:
    """Print how requests for access stand."""
    rows = [
        (name, view["state"], view.get("task"), view.get("grant_ends"), _url(view))
        for name, view in views.items()
    ]
    wide = [
        (*row, *_account(view), view.get("since"), ", ".join(view.get("approvers", ())))
        for row, view in zip(rows, views.values(), strict=True)
    ]
    put_list(
        output, {"profiles": views}, REQUESTED, rows, wide_columns=REQUESTED_WIDE, wide_rows=wide
    )


def put_status(output: str, views: Mapping[str, View], now: datetime) -> None:
    """Print how all profiles stand at the moment ``now``."""
    rows = [
        (name, view["state"], _time_left(view, now), view.get("grant_ends"), view.get("task"))
        for name, view in views.items()
    ]
    wide = [
        (*row, *_account(view), _url(view), view.get("error", {}).get("message"))
        for row, view in zip(rows, views.values(), strict=True)
    ]
    put_list(output, {"profiles": views}, STATUS, rows, wide_columns=STATUS_WIDE, wide_rows=wide)


def put_catalogue(output: str, views: Mapping[str, View]) -> None:
    """Print which profiles there are."""
    rows = [
        (name, view["state"], view.get("grant_ends"), *_account(view))
        for name, view in views.items()
    ]
    wide = [
        (
            *row,
            view.get("task"),
            view.get("region"),
            view.get("tenant"),
            view.get("error", {}).get("message"),
        )
        for row, view in zip(rows, views.values(), strict=True)
    ]
    put_list(
        output, {"profiles": views}, CATALOGUE, rows, wide_columns=CATALOGUE_WIDE, wide_rows=wide
    )


def _account(view: View) -> tuple[object, object]:
    return view.get("account_id"), view.get("role_name")


def _url(view: View) -> object:
    """Return the page on which a person has something to do."""
    return view.get("sign_in_url") or view.get("task_url")


def _time_left(view: View, now: datetime) -> str:
    """Return for how long its credentials are good, empty where there are none."""
    if not view.get("served"):
        return ""
    ends = [view[key] for key in ("expires", "grant_ends") if view.get(key)]
    return span_text(min(map(parse_timestamp, ends)) - now) if ends else ""
