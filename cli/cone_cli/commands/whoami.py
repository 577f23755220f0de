"""``cone whoami``: who you are in ConductorOne."""

import argparse

from cone_cli import terminal

EXAMPLE = "example: cone whoami"

ROWS = (
    ("Email", "email"),
    ("Status", "status"),
    ("Job Title", "jobTitle"),
    ("Department", "department"),
    ("Employment Status", "employmentStatus"),
    ("Employment Type", "employmentType"),
    ("Created At", "createdAt"),
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "-o",
        "--output",
        choices=["table", "wide", "json", "json-pretty"],
        default="table",
        help="how to print it (default: table)",
    )


def run(args: argparse.Namespace) -> int:
    """Print who you are; returns the exit code."""
    from cone_cli.composition import run_async

    return run_async(_whoami(args))


async def _whoami(args: argparse.Namespace) -> int:
    import json

    from cone_cli.composition import open_tenant

    async with open_tenant(args, source="cone:whoami") as tenant:
        user = await tenant.user()
    if args.output.startswith("json"):
        indent = 2 if args.output == "json-pretty" else None
        terminal.put(json.dumps(user, indent=indent, ensure_ascii=False))
        return 0
    rows = (("Id", "id"), *ROWS) if args.output == "wide" else ROWS
    width = max(len(name) for name, _ in rows)
    for name, key in rows:
        terminal.put(terminal.printable(f"{name:<{width}} | {user.get(key) or ''}".rstrip()))
    return 0
