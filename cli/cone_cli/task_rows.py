"""A task as the original's cells: what lists, and the answers to actions, show of it."""

from collections.abc import Mapping
from typing import Any

from cone_cli.output import CHECK_MARK, put_list
from cone_cli.terminal import printable, put

STATES = {"TASK_STATE_OPEN": "Open", "TASK_STATE_CLOSED": "Closed"}
PROCESSING = {
    "TASK_PROCESSING_TYPE_PROCESSING": "Processing",
    "TASK_PROCESSING_TYPE_WAITING": "Waiting for Action",
    "TASK_PROCESSING_TYPE_DONE": "Done",
}
UNKNOWN_PROCESSING = "Unknown Processing"
SHORT_COLUMNS = ("Id", "Display Name", "State")
COLUMNS = (*SHORT_COLUMNS, "Processing")
WIDE_COLUMNS = (*COLUMNS, "Emergency Access")


def task_row(task: Mapping[str, Any]) -> tuple[object, ...]:
    """Return the cells of ``COLUMNS``; what the API left out is an empty cell."""
    return (
        task.get("numericId"),
        task.get("displayName"),
        state_text(task),
        processing_text(task),
    )


def wide_task_row(task: Mapping[str, Any]) -> tuple[object, ...]:
    """Return the cells of ``WIDE_COLUMNS``."""
    return (*task_row(task), emergency_text(task))


def put_decided_task(output: str, task: Mapping[str, Any], url: str) -> None:
    """Print a task that was decided: its page and its row; JSON is the task alone."""
    if not output.startswith("json"):
        put(printable(f"Ticket URL: {url}"))
    put_list(
        output,
        task,
        COLUMNS,
        [task_row(task)],
        wide_columns=WIDE_COLUMNS,
        wide_rows=[wide_task_row(task)],
    )


def put_touched_task(output: str, answer: Mapping[str, Any], task: Mapping[str, Any]) -> None:
    """Print a task that was commented on or escalated: a shorter row; JSON is the whole answer."""
    row = task_row(task)[: len(SHORT_COLUMNS)]
    put_list(output, answer, SHORT_COLUMNS, [row], wide_columns=SHORT_COLUMNS, wide_rows=[row])


def state_text(task: Mapping[str, Any]) -> str:
    """Return Open or Closed, the API's own word where it is a new one."""
    name = str(task.get("state") or "")
    return STATES.get(name, name)


def processing_text(task: Mapping[str, Any]) -> str:
    """Return what the task is at."""
    return PROCESSING.get(str(task.get("processing")), UNKNOWN_PROCESSING)


def emergency_text(task: Mapping[str, Any]) -> str:
    """Return the mark of emergency access."""
    return CHECK_MARK if task.get("emergencyAccess") else ""
