"""``cone whoami``: who you are in ConductorOne."""

import argparse

from cone_cli.output import add_output_option, put_object

EXAMPLE = "example: cone whoami"

ROWS = {
    "Email": "email",
    "Status": "status",
    "Job Title": "jobTitle",
    "Department": "department",
    "Employment Status": "employmentStatus",
    "Employment Type": "employmentType",
    "Created At": "createdAt",
}


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    add_output_option(parser)


def run(args: argparse.Namespace) -> int:
    """Print who you are; returns the exit code."""
    from cone_cli.composition import run_async

    return run_async(_whoami(args))


async def _whoami(args: argparse.Namespace) -> int:
    from cone_cli.composition import open_tenant

    async with open_tenant(args, source="cone:whoami") as tenant:
        user = await tenant.user()
    rows = [(name, user.get(key)) for name, key in ROWS.items()]
    put_object(args.output, user, rows, [("Id", user.get("id")), *rows])
    return 0
