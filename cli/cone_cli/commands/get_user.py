"""``cone get-user <id>``: a person of ConductorOne."""

import argparse

from cone_cli.output import add_output_option
from cone_sidecar.errors import UpstreamRejected

EXAMPLE = "example: cone get-user <user-id>"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("user_id", metavar="user-id", help="the person's id")
    add_output_option(parser)


def run(args: argparse.Namespace) -> int:
    """Print the person; returns the exit code."""
    from cone_cli.composition import run_async

    return run_async(_get_user(args))


async def _get_user(args: argparse.Namespace) -> int:
    from cone_cli.composition import open_tenant
    from cone_cli.user_rows import put_user
    from cone_sidecar.conductorone.api_client import ApiError
    from cone_sidecar.conductorone.app_entitlement import UNKNOWN

    try:
        async with open_tenant(args, source="cone:get-user") as tenant:
            user = await tenant.user(args.user_id)
    except ApiError as error:
        if error.status not in UNKNOWN:
            raise
        raise UpstreamRejected(
            "ConductorOne has no such person",
            status=error.status,
            hint="cone whoami -o wide shows your own id",
        ) from error
    put_user(args.output, user)
    return 0
