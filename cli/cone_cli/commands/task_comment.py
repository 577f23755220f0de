"""``cone task comment <number> <text>``: add a comment to a request for access."""

import argparse

from cone_cli.output import add_output_option
from cone_sidecar.errors import UsageError

EXAMPLE = 'example: cone task comment 1234 "still needed until Friday"'


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("task", metavar="number", help="the task's number, or its id")
    parser.add_argument("comment", metavar="text", help="the comment")
    add_output_option(parser)


def run(args: argparse.Namespace) -> int:
    """Comment, and print the task; returns the exit code."""
    from cone_cli.composition import run_async

    if not args.comment.strip():
        raise UsageError("the comment is empty", hint=f"cone task comment {args.task} <text>")
    return run_async(_comment(args))


async def _comment(args: argparse.Namespace) -> int:
    from cone_cli.composition import open_tenant
    from cone_cli.task_rows import put_touched_task
    from cone_sidecar.conductorone.task_actions import TaskActions
    from cone_sidecar.conductorone.task_view import task_in

    async with open_tenant(args, source="cone:task:comment") as tenant:
        actions = TaskActions(tenant.api)
        done = await actions.comment(args.task, args.comment)
        answer = done | await actions.result(args.task)
    put_touched_task(args.output, answer, task_in(answer))
    return 0
