"""``cone help [command]``: what a command takes, as its ``--help`` says it."""

import argparse

EXAMPLE = "example: cone help aws setup"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "words", nargs="*", metavar="command", help="the command; all of them when absent"
    )


def run(args: argparse.Namespace) -> int:
    """Print the help; returns the exit code."""
    from cone_cli.dispatch import dispatch

    return dispatch([*args.words, "--help"])
