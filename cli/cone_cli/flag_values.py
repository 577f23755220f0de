"""Flags with a value, ``--wait=true``: the original's parser takes them, argparse doesn't."""

import argparse
from collections.abc import Mapping, Sequence

from cone_sidecar.truth import parse_truth


def plain_flags(
    arguments: Sequence[str], options: Mapping[str, argparse.Action]
) -> tuple[list[str], list[str]]:
    """Return the arguments with ``--flag=true`` as ``--flag``, and what ``--flag=false`` says no to.

    Args:
        arguments: A command line; what stands after ``--`` is another program's.
        options: What each option string means.
    """
    plain: list[str] = []
    denied: list[str] = []
    ours = True
    for argument in arguments:
        ours = ours and argument != "--"
        name, equals, value = argument.partition("=")
        action = options.get(name) if ours and equals else None
        truth = parse_truth(value) if isinstance(action, argparse._StoreTrueAction) else None  # noqa: SLF001 -- argparse names it nowhere else
        if action is not None and truth is False:
            denied.append(action.dest)
        else:
            plain.append(name if truth else argument)
    return plain, denied
