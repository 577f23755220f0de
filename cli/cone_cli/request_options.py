"""The options that asking for access and giving it back have in common."""

import argparse

from cone_cli.output import add_output_option


def add_request_options(
    parser: argparse.ArgumentParser, *, why: str, force: str, wait: str
) -> None:
    """Add them; the texts say what each means for this command."""
    parser.add_argument("-j", "--justification", metavar="TEXT", default="", help=why)
    parser.add_argument("--force", action="store_true", help=force)
    parser.add_argument(
        "--detailed", action="store_true", help="show the app and the entitlement as well"
    )
    parser.add_argument("-w", "--wait", action="store_true", help=wait)
    add_output_option(parser)
