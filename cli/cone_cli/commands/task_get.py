"""``cone task get <number>``: how a request for access stands."""

import argparse
from collections.abc import Mapping
from typing import Any

from cone_cli.output import add_output_option, put_object

EXAMPLE = "example: cone task get 1234"

STATES = {"TASK_STATE_OPEN": "Open", "TASK_STATE_CLOSED": "Closed"}
PROCESSING = {
    "TASK_PROCESSING_TYPE_PROCESSING": "Processing",
    "TASK_PROCESSING_TYPE_WAITING": "Waiting for Action",
    "TASK_PROCESSING_TYPE_DONE": "Done",
}
UNKNOWN_PROCESSING = "Unknown Processing"
UNSPECIFIED = "UNSPECIFIED"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("task", metavar="number", help="the task's number, or its id")
    add_output_option(parser)


def run(args: argparse.Namespace) -> int:
    """Print the task; returns the exit code."""
    from cone_cli.composition import run_async

    return run_async(_get(args))


async def _get(args: argparse.Namespace) -> int:
    from cone_cli.composition import open_tenant

    async with open_tenant(args, source="cone:task:get") as tenant:
        task = await tenant.task_as_sent(args.task)
    put_object(args.output, task, rows_of(task), wide_rows_of(task))
    return 0


def rows_of(task: Mapping[str, Any]) -> list[tuple[str, object]]:
    """Return the original's rows, and what it hides: outcome, and the step that is waited for."""
    return [
        ("Id", task.get("numericId")),
        ("Name", task.get("displayName")),
        ("State", STATES.get(str(task.get("state")), task.get("state"))),
        ("Processing", PROCESSING.get(str(task.get("processing")), UNKNOWN_PROCESSING)),
        ("Created At", task.get("createdAt")),
        ("Outcome", _outcome(task)),
        ("Waiting For", _step(task)),
    ]


def wide_rows_of(task: Mapping[str, Any]) -> list[tuple[str, object]]:
    """Return the rows of ``-o wide``."""
    return [*rows_of(task), ("Emergency Access", "Yes" if task.get("emergencyAccess") else "No")]


def _outcome(task: Mapping[str, Any]) -> str:
    """Return how the task ended, in the API's own word, without its prefix."""
    kinds = task.get("type")
    for kind in kinds.values() if isinstance(kinds, dict) else ():
        name = str(kind.get("outcome") or "") if isinstance(kind, dict) else ""
        outcome = name.partition("_OUTCOME_")[2] or name
        return "" if outcome == UNSPECIFIED else outcome.replace("_", " ").capitalize()
    return ""


def _step(task: Mapping[str, Any]) -> str:
    """Return what kind of policy step the task waits for."""
    policy = task.get("policy")
    current = policy.get("current") if isinstance(policy, dict) else None
    if not isinstance(current, dict):
        return ""
    kinds = [key for key, value in current.items() if isinstance(value, dict)]
    return kinds[0].capitalize() if kinds else ""
