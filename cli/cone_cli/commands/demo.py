"""``cone demo``: a real AWS SDK gets just-in-time credentials, on the simulator."""

import argparse

TERMINATED = 128 + 15
EXAMPLE = "example: cone demo --keep"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "--keep", action="store_true", help="stay up afterwards, and print what to try"
    )


def run(args: argparse.Namespace) -> int:
    """Show it; returns 0 when STS confirmed each identity."""
    import signal
    import sys

    from cone_cli.demonstration import demonstrate
    from cone_cli.stage import Stage

    # Whoever ends it takes its processes and its home with it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(TERMINATED))
    with Stage() as stage:
        return demonstrate(stage, keep=args.keep)
