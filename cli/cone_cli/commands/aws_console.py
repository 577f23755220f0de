"""``cone aws console <profile>``: the AWS console, signed in as the profile."""

import argparse
import os
from typing import TYPE_CHECKING

from cone_cli import terminal
from cone_sidecar.errors import ConeError, UsageError

if TYPE_CHECKING:
    from cone_cli.asked_access import AskedAccess
    from cone_sidecar.secret import Secret

EXAMPLE = "example: cone aws console production-admin --service s3"
SOURCE = "cone:aws:console"
VISIT_LIMIT_S = 60.0


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    from cone_cli.access_options import add_access_options

    add_access_options(parser)
    parser.add_argument(
        "--service",
        default="",
        metavar="PAGE",
        help="s3, ec2 or another service, a path of the console, or a URL of it (its home)",
    )
    parser.add_argument("--region", metavar="REGION", help="the console's region (the profile's)")
    parser.add_argument(
        "--print",
        action="store_true",
        help="print the link and open nothing; for 15 minutes, whoever has it is signed in",
    )


def run(args: argparse.Namespace) -> int:
    """Open the console; returns the exit code."""
    from cone_cli.access_options import wait_from
    from cone_cli.asked_access import AskedAccess
    from cone_cli.browser import find_opener
    from cone_cli.composition import run_async

    if not (args.print or find_opener()):
        raise UsageError(
            "there is no browser here to open the console in",
            hint=f"cone aws console {args.aws_profile} --print",
        )
    return run_async(_open(args, AskedAccess(args, wait_from(args))))


async def _open(args: argparse.Namespace, access: "AskedAccess") -> int:
    url = await _login_url(args, access)
    if url is None:
        return access.exit_code
    if args.print:
        terminal.put(url.reveal())
        return 0
    await _show(args, url)
    return 0


async def _login_url(args: argparse.Namespace, access: "AskedAccess") -> "Secret | None":
    from cone_cli.composition import open_broker, open_connections, warm_entries
    from cone_sidecar.clock import SystemClock
    from cone_sidecar.identity_center.console_federation import ConsoleFederation
    from cone_sidecar.identity_center.partitions import PartitionResolver

    session = access.profile.session
    region = args.region or access.profile.region or session.region
    async with open_connections(args, source=SOURCE) as connections:
        partitions = PartitionResolver(connections.state_directory, os.environ)
        # Identity Center and its accounts are of one partition.
        own, wanted = await partitions.names(session.region, region)
        if own != wanted:
            raise UsageError(
                f"{region} is of the partition {wanted}, and the profile of {own}",
                hint=f"--region {session.region}",
            )
        federation = ConsoleFederation(own, region, os.environ)
        destination = federation.destination(args.service)
        async with open_broker(
            args, access.settings, warm_entries(args), source=SOURCE, listeners=[access.hear]
        ) as broker:
            held = await access.obtain(broker)
        if held is None:
            return None
        return await federation.login_url(
            connections.client,
            held.credentials,
            destination=destination,
            issuer=session.start_url,
            clock=SystemClock(),
        )


async def _show(args: argparse.Namespace, url: "Secret") -> None:
    from cone_cli.browser import open_browser
    from cone_cli.one_time_redirect import OneTimeRedirect

    redirect = OneTimeRedirect(url)
    async with redirect.listening() as address:
        open_browser(address)
        terminal.note(f'your browser opens the console as "{args.aws_profile}"')
        if not await redirect.visited(VISIT_LIMIT_S):
            raise ConeError(
                "no browser came for the console's page within a minute",
                hint=f"cone aws console {args.aws_profile} --print",
            )
