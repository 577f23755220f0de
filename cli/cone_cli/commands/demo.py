"""``cone demo``: a real AWS SDK gets just-in-time credentials, on the simulator."""

import argparse

EXAMPLE = "example: cone demo --keep"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "--keep", action="store_true", help="stay up afterwards, and print what to try"
    )


def run(args: argparse.Namespace) -> int:
    """Show it; returns 0 when STS confirmed each identity."""
    from cone_cli.demonstration import demonstrate
    from cone_cli.stage import Stage

    with Stage() as stage:
        return demonstrate(stage, keep=args.keep)
