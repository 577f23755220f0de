"""``cone whoami``: who you are in ConductorOne."""

import argparse

from cone_cli.output import add_output_option

EXAMPLE = "example: cone whoami"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    add_output_option(parser)


def run(args: argparse.Namespace) -> int:
    """Print who you are; returns the exit code."""
    from cone_cli.composition import run_async

    return run_async(_whoami(args))


async def _whoami(args: argparse.Namespace) -> int:
    from cone_cli.composition import open_tenant
    from cone_cli.user_rows import put_user

    async with open_tenant(args, source="cone:whoami") as tenant:
        user = await tenant.user(await tenant.user_id())
    put_user(args.output, user)
    return 0
