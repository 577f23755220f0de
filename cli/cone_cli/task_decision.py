"""What approving and denying have in common on the command line."""

import argparse
from collections.abc import Mapping
from typing import Any, Literal

from cone_cli.option_variables import take_variables
from cone_cli.output import add_output_option


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of a decision."""
    parser.add_argument("task", metavar="number", help="the task's number, or its id")
    parser.add_argument("--comment", metavar="TEXT", default="", help="why; others can read it")
    parser.add_argument(
        "-w", "--wait", action="store_true", help="wait until the task is closed, and say how"
    )
    add_output_option(parser)
    take_variables(parser)


async def decide(args: argparse.Namespace, verb: Literal["approve", "deny"]) -> int:
    """Decide the task, wait for its end if that is asked for, and print it; returns the exit code.

    A denial that was asked for and ends in one is a success.
    """
    from cone_cli.composition import open_tenant
    from cone_cli.task_rows import put_decided_task
    from cone_cli.task_wait import closed_task, is_denied, tell_end
    from cone_sidecar.clock import SystemClock
    from cone_sidecar.conductorone.task_actions import TaskActions
    from cone_sidecar.conductorone.task_view import task_answer, task_in
    from cone_sidecar.conductorone.wire import task_url

    async with open_tenant(args, source=f"cone:task:{verb}") as tenant:
        actions = TaskActions(tenant.api)
        await actions.decide(verb, args.task, args.comment)

        async def look() -> Mapping[str, Any]:
            return task_in(await task_answer(tenant.api, args.task))

        if args.wait:
            task = await closed_task(look, SystemClock())
        else:
            task = task_in(await actions.result(args.task))
        put_decided_task(args.output, task, task_url(task, tenant.api.host))
    if not args.wait:
        return 0
    exit_code = tell_end(task)
    return 0 if verb == "deny" and is_denied(task) else exit_code
