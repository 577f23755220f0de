"""``cone task escalate <number>``: put a request for access under the emergency policy."""

import argparse

from cone_cli.output import add_output_option

EXAMPLE = "example: cone task escalate 1234"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("task", metavar="number", help="the task's number, or its id")
    add_output_option(parser)


def run(args: argparse.Namespace) -> int:
    """Escalate, and print the task; returns the exit code."""
    from cone_cli.composition import run_async

    return run_async(_escalate(args))


async def _escalate(args: argparse.Namespace) -> int:
    from cone_cli.composition import open_tenant
    from cone_cli.task_rows import put_touched_task
    from cone_sidecar.conductorone.task_actions import TaskActions
    from cone_sidecar.conductorone.task_view import task_in

    async with open_tenant(args, source="cone:task:escalate") as tenant:
        actions = TaskActions(tenant.api)
        done = await actions.escalate(args.task)
        answer = done | await actions.result(args.task)
    put_touched_task(args.output, answer, task_in(answer))
    return 0
