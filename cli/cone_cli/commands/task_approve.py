"""``cone task approve <number>``: approve the step that a request for access waits for."""

import argparse

from cone_cli.task_decision import add_arguments, decide

EXAMPLE = 'example: cone task approve 1234 --comment "on call this week"'


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    add_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Approve, and print the task; returns the exit code."""
    from cone_cli.composition import run_async

    return run_async(decide(args, "approve"))
