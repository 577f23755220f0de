"""A variable for each option of the original's commands, ``CONE_QUERY`` for ``--query`` (reference §1.4)."""

import argparse
import os

from cone_sidecar.errors import UsageError
from cone_sidecar.told_settings import PREFIX
from cone_sidecar.truth import parse_truth


def take_variables(parser: argparse.ArgumentParser) -> None:
    """Take options that the command line leaves out from their variables; an empty one counts as none.

    Raises:
        UsageError: The variable of a flag is neither true nor false.
    """
    for action in parser._actions:  # noqa: SLF001 -- argparse shows its options nowhere else
        # What holds for every command has its own way, and no default here.
        if action.default is argparse.SUPPRESS or not action.option_strings:
            continue
        name = PREFIX + action.option_strings[-1].removeprefix("--").upper().replace("-", "_")
        if text := os.environ.get(name, ""):
            parser.set_defaults(**{action.dest: _value(action, name, text)})


def _value(action: argparse.Action, name: str, text: str) -> object:
    if action.nargs == 0:
        truth = parse_truth(text)
        if truth is None:
            raise UsageError(f"{name} is neither true nor false", hint=f"unset {name}")
        return truth
    # argparse itself reads a default that is a text; that of a list it takes as it stands.
    if isinstance(action.default, list) and callable(action.type):
        return action.type(text)
    return text
