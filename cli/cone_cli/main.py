"""The command ``cone``: the warm credential path first, everything else behind it."""

import os
import sys

INTERRUPTED = 130


def main() -> int:
    """Run ``cone`` with this process's arguments; returns the exit code."""
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:
            # Closed by whoever started us: what is opened next would take its place, and be written to.
            setattr(sys, name, open(os.devnull, "r" if name == "stdin" else "w"))  # noqa: PTH123, SIM115 -- stays open
    arguments = sys.argv[1:]
    leading = False
    if (
        len(arguments) == 3  # noqa: PLR2004 -- aws credentials PROFILE
        and arguments[:2] == ["aws", "credentials"]
        and not arguments[2].startswith("-")
    ):
        # Every call of every SDK comes this way: argparse alone would double its time.
        from cone_cli.credential_process import answer

        try:
            exit_code = answer(arguments[2])
        except KeyboardInterrupt:
            return INTERRUPTED
        except OSError:
            # Whoever asked has closed its end: nobody is there to be told.
            return 1
        if exit_code is not None:
            return exit_code
        leading = True
    from cone_cli.dispatch import dispatch

    return dispatch(arguments, leading=leading)
