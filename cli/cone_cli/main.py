"""The command ``cone``: the warm paths first, everything else behind them."""

import os
import sys

INTERRUPTED = 130
# What shells ask, at each press of Tab: a word that no help shows.
PROFILE_NAMES = "__profile-names"


def main() -> int:
    """Run ``cone`` with this process's arguments; returns the exit code."""
    _open_streams()
    arguments = sys.argv[1:]
    if arguments[:1] == ["serve"]:
        from cone_cli.early_signals import early_signals

        early_signals.listen()
        # No time is taken to look for garbage in what is being imported; serving looks for it again.
        import gc

        gc.disable()
    if arguments[:1] == [PROFILE_NAMES]:
        return _put_profile_names(arguments[1:])
    leading = False
    if arguments == ["healthcheck"]:
        from cone_cli.liveness import is_alive

        if is_alive():
            return 0
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
    return _run(arguments, leading=leading)


def _open_streams() -> None:
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:
            # Closed by whoever started us: what is opened next would take its place, and be written to.
            setattr(sys, name, open(os.devnull, "r" if name == "stdin" else "w"))  # noqa: PTH123, SIM115 -- stays open


def _put_profile_names(prefixes: list[str]) -> int:
    """Print our profiles' names that begin with a prefix, each on a line; returns the exit code."""
    from cone_cli.profile_names import profile_names

    text = "".join(f"{name}\n" for name in profile_names(os.environ, "".join(prefixes[:1])))
    try:
        sys.stdout.buffer.write(text.encode("utf-8", "surrogateescape"))
        sys.stdout.flush()
    except OSError:
        return 1
    return 0


def _run(arguments: list[str], *, leading: bool) -> int:
    """Run the command that ``arguments`` name, in a process that lives for nothing else."""
    import gc

    if leading:
        from cone_sidecar.certificate_authorities import load_ahead

        # An SDK waits: no time is taken to look for garbage in what is being imported, 8 ms,
        gc.disable()
        # and the certificate authorities are loaded meanwhile, 18 ms.
        load_ahead(os.environ)
    from cone_cli.dispatch import dispatch

    exit_code = dispatch(arguments, leading=leading)
    # The process ends with all that it holds: collecting it one by one first would take 25 ms.
    gc.freeze()
    return exit_code
