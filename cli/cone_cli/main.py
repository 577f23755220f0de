"""The command ``cone``: the warm credential path first, everything else behind it."""

import sys


def main() -> int:
    """Run ``cone`` with this process's arguments; returns the exit code."""
    arguments = sys.argv[1:]
    if (
        len(arguments) == 3  # noqa: PLR2004 -- aws credentials PROFILE
        and arguments[:2] == ["aws", "credentials"]
        and not arguments[2].startswith("-")
    ):
        # Every call of every SDK comes this way: argparse alone would double its time.
        from cone_cli.credential_process import answer

        exit_code = answer(arguments[2])
        if exit_code is not None:
            return exit_code
        from cone_cli.dispatch import dispatch

        return dispatch(arguments, leading=True)
    from cone_cli.dispatch import dispatch

    return dispatch(arguments)
