"""``cone has``: whether you have an entitlement."""

import argparse
import asyncio

from cone_cli.output import CHECK_MARK, add_output_option, put_object

EXAMPLE = "example: cone has <app-id> <entitlement-id> && deploy"
# The original's: a script tells "no" from a failure by it.
NO = 2


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("app_id", metavar="app-id", help="the app's id")
    parser.add_argument(
        "entitlement_id", metavar="entitlement-id", help="the entitlement's id in the app"
    )
    add_output_option(parser)


def run(args: argparse.Namespace) -> int:
    """Print whether you have it; returns 0 for yes and 2 for no."""
    from cone_cli.composition import run_async

    return run_async(_has(args))


async def _has(args: argparse.Namespace) -> int:
    from cone_cli.composition import open_tenant
    from cone_cli.held_access import has_access
    from cone_sidecar.clock import SystemClock
    from cone_sidecar.conductorone.app_entitlement import app_as_sent, entitlement_as_sent
    from cone_sidecar.domain.profile import EntitlementRef

    ref = EntitlementRef(args.app_id, args.entitlement_id)
    async with open_tenant(args, source="cone:has") as tenant:
        user_id = await tenant.user_id()
        app, entitlement, held = await asyncio.gather(
            app_as_sent(tenant.api, ref.app_id),
            entitlement_as_sent(tenant.api, ref),
            has_access(tenant, ref, SystemClock()),
        )
    app_name, name = app.get("displayName"), entitlement.get("displayName")
    mark = CHECK_MARK if held else ""
    content = {
        "has": mark,
        "app_id": ref.app_id,
        "entitlement_id": ref.entitlement_id,
        "app_name": app_name or "",
        "entitlement": name or "",
        "user_id": user_id,
    }
    rows = [
        ("Entitlement Granted", mark),
        ("App Name", app_name),
        ("Entitlement", name),
    ]
    put_object(args.output, content, rows, rows)
    return 0 if held else NO
