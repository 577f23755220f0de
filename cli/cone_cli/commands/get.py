"""``cone get``: ask for access to an entitlement."""

import argparse
import asyncio
import shlex
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from cone_cli import terminal
from cone_cli.entitlement_choice import EntitlementChoice, add_entitlement_arguments
from cone_cli.option_variables import take_variables
from cone_cli.request_options import add_request_options

if TYPE_CHECKING:
    from cone_cli.form_answers import Answers
    from cone_cli.prompt import Prompter
    from cone_cli.request_forms import RequestForms
    from cone_sidecar.conductorone.api_client import ApiClient
    from cone_sidecar.domain.profile import EntitlementRef

EXAMPLE = 'example: cone get production-admin -j "restore the backup" -d 2h --wait'
HELD = "You already have access to this entitlement. Use --force to override this check."


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    add_entitlement_arguments(parser)
    parser.add_argument(
        "-d",
        "--duration",
        metavar="TIME",
        default="",
        help="for how long: 12h, 1w2d or 2h45m; the entitlement's maximum when absent",
    )
    parser.add_argument(
        "--emergency-access", action="store_true", help="ask for it as emergency access"
    )
    parser.add_argument(
        "--form-data",
        metavar="JSON",
        default="",
        help='answers to the request form: \'{"ticket": "OPS-1"}\'',
    )
    parser.add_argument(
        "--app-user-id", metavar="ID", default="", help="which of your accounts in the app"
    )
    add_request_options(
        parser,
        why="why you need it",
        force="ask for it even if you have it already",
        wait="wait until the request is decided, and say how",
    )
    take_variables(parser)


def run(args: argparse.Namespace) -> int:
    """Ask for access; returns the exit code."""
    from cone_cli.composition import run_async
    from cone_cli.form_answers import parse_form_data
    from cone_cli.grant_duration import parse_duration
    from cone_cli.prompt import asked_person

    choice = EntitlementChoice(args)
    given = parse_form_data(args.form_data)
    duration = parse_duration(args.duration) if args.duration else None
    with asked_person(args) as prompter:
        return run_async(_get(args, choice, given, duration, prompter))


async def _get(
    args: argparse.Namespace,
    choice: EntitlementChoice,
    given: "Answers",
    duration: timedelta | None,
    prompter: "Prompter | None",
) -> int:
    from cone_cli.access_details import access_details
    from cone_cli.composition import open_tenant
    from cone_cli.held_access import has_access
    from cone_cli.request_forms import RequestForms
    from cone_cli.requested_task import RequestedTask
    from cone_sidecar.clock import SystemClock
    from cone_sidecar.refusal import form_command

    clock = SystemClock()
    async with open_tenant(args, source="cone:get") as tenant:
        ref = await choice.resolve(tenant.api, prompter)
        if not args.force and await has_access(tenant, ref, clock):
            terminal.say(HELD)
            return 0
        again = f" -j {shlex.quote(args.justification)}" if args.justification else ""
        forms = RequestForms(
            command=form_command(ref) + again, given=given, clock=clock, prompter=prompter
        )
        user_id = await tenant.user_id()
        access: dict[str, Any] = {
            "appId": ref.app_id,
            "appEntitlementId": ref.entitlement_id,
            "identityUserId": user_id,
        }
        details = await access_details(tenant.api, ref) if args.detailed else None
        task = RequestedTask(tenant, clock, "grant", forms.answer)
        # What is asked for already isn't worded anew: its answers would go nowhere.
        if not await task.adopt_open(access):
            await task.create(
                access | await _terms(args, tenant.api, ref, user_id, duration, forms)
            )
        elif args.emergency_access and not task.emergency:
            terminal.note(f"make it one for emergency access: cone task escalate {task.number}")
        return await task.conclude(args.output, wait=args.wait, details=details)


async def _terms(
    args: argparse.Namespace,
    api: "ApiClient",
    ref: "EntitlementRef",
    user_id: str,
    given_duration: timedelta | None,
    forms: "RequestForms",
) -> dict[str, Any]:
    """Return how access is asked for; everything that can be wrong with it is found out before."""
    from cone_cli import access_terms
    from cone_sidecar.conductorone import wire
    from cone_sidecar.conductorone.app_entitlement import entitlement_as_sent
    from cone_sidecar.conductorone.app_users import app_users
    from cone_sidecar.conductorone.request_schema import bound_form, form_with_id

    entitlement, bound, accounts = await asyncio.gather(
        entitlement_as_sent(api, ref), bound_form(api, ref), app_users(api, ref.app_id, user_id)
    )
    if bound is None and (schema_id := str(entitlement.get("requestSchemaId") or "")):
        bound = await form_with_id(api, schema_id)
    terms: dict[str, Any] = {"emergencyAccess": args.emergency_access}
    if account := access_terms.account_id(args.app_user_id, accounts, forms.prompter):
        terms["appUserId"] = account
    hidden = bound is not None and bound.hides_justification
    terms["description"] = (
        args.justification
        if hidden
        else access_terms.justification(args.justification, forms.prompter)
    )
    longest = wire.duration(entitlement.get("durationGrant"))
    if (duration := access_terms.duration(given_duration, longest, forms.prompter)) is not None:
        terms["grantDuration"] = wire.duration_text(duration)
    if args.emergency_access and entitlement.get("emergencyGrantEnabled") is False:
        terminal.note("this entitlement has no emergency access: the request goes its ordinary way")
    if answers := forms.answer_bound(bound):
        terms["requestData"] = answers
    return terms
