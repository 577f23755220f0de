"""``cone task deny <number>``: deny a request for access."""

import argparse

from cone_cli.task_decision import add_arguments, decide

EXAMPLE = 'example: cone task deny 1234 --comment "use the read-only role"'


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    add_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Deny, and print the task; returns the exit code."""
    from cone_cli.composition import run_async

    return run_async(decide(args, "deny"))
