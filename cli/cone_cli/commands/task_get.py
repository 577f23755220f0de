"""``cone task get <number>``: how a request for access stands."""

import argparse

from cone_cli.output import add_output_option, put_object

EXAMPLE = "example: cone task get 1234"


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
    from cone_cli.task_details import details_of, wide_details_of
    from cone_sidecar.clock import SystemClock
    from cone_sidecar.conductorone.task_view import approver_names, task_answer, task_in
    from cone_sidecar.conductorone.wire import task_url

    async with open_tenant(args, source="cone:task:get") as tenant:
        answer = await task_answer(tenant.api, args.task)
        as_json = args.output.startswith("json")
        approvers = [] if as_json else await approver_names(tenant.api, answer)
    task, now = task_in(answer), SystemClock().now()
    # A message that an SDK hands on may hold the number alone: this is how one gets to the page.
    page = ("Ticket URL", task_url(task, tenant.api.host))
    rows, wide = details_of(task, approvers, now), wide_details_of(task, approvers, now)
    put_object(args.output, task, [*rows, page], [*wide, page])
    return 0
