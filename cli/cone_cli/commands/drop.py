"""``cone drop``: give back access to an entitlement."""

import argparse
import asyncio
from typing import TYPE_CHECKING

from cone_cli import terminal
from cone_cli.entitlement_choice import EntitlementChoice, add_entitlement_arguments
from cone_cli.option_variables import take_variables
from cone_cli.request_options import add_request_options

if TYPE_CHECKING:
    from cone_cli.prompt import Prompter

EXAMPLE = "example: cone drop production-admin --wait"
NOTHING_HELD = (
    "You do not have existing grants to drop for this entitlement. "
    "Use --force to override this check."
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    add_entitlement_arguments(parser)
    add_request_options(
        parser,
        why="why you drop it",
        force="ask for it even if you don't seem to have it",
        wait="wait until it is gone, and say so",
    )
    take_variables(parser)


def run(args: argparse.Namespace) -> int:
    """Ask for the end of the access; returns the exit code."""
    from cone_cli.composition import run_async
    from cone_cli.prompt import asked_person

    choice = EntitlementChoice(args)
    with asked_person(args) as prompter:
        return run_async(_drop(args, choice, prompter))


async def _drop(
    args: argparse.Namespace, choice: EntitlementChoice, prompter: "Prompter | None"
) -> int:
    from cone_cli.access_details import access_details
    from cone_cli.asked_with import asked_with
    from cone_cli.composition import open_tenant
    from cone_cli.dropped_access import forget_dropped
    from cone_cli.held_access import has_access
    from cone_cli.request_forms import RequestForms
    from cone_cli.requested_task import RequestedTask
    from cone_sidecar.clock import SystemClock

    clock = SystemClock()
    async with open_tenant(args, source="cone:drop") as tenant:
        ref = await choice.resolve(tenant.api, prompter)
        if not args.force and not await has_access(tenant, ref, clock):
            terminal.say(NOTHING_HELD)
            return 0
        body = {
            "appId": ref.app_id,
            "appEntitlementId": ref.entitlement_id,
            "identityUserId": await tenant.user_id(),
            "description": args.justification,
        }
        forms = RequestForms(command="cone drop", clock=clock, prompter=prompter)
        details = await access_details(tenant.api, ref) if args.detailed else None
        task = RequestedTask(tenant, clock, "revoke", forms.answer)
        await task.create(body)
        dropped = asked_with(args), getattr(args, "tenant_profile", ""), ref
        await asyncio.to_thread(forget_dropped, *dropped)
        exit_code = await task.conclude(args.output, wait=args.wait, details=details)
        if args.wait:
            # Until the access was gone, programs may have got credentials of it again.
            await asyncio.to_thread(forget_dropped, *dropped)
        return exit_code
