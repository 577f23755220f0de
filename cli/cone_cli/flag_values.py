"""Flags with a value, ``--wait=true``: the original's parser takes them, argparse doesn't."""

import argparse
from collections.abc import Iterator, Mapping, Sequence

from cone_sidecar.truth import parse_truth


def plain_flags(arguments: Sequence[str], options: Mapping[str, argparse.Action]) -> Iterator[str]:
    """Yield the arguments with ``--flag=true`` as ``--flag``, and without ``--flag=false``.

    Args:
        arguments: A command line; what stands after ``--`` is another program's.
        options: What each option string means.
    """
    ours = True
    for argument in arguments:
        ours = ours and argument != "--"
        name, equals, value = argument.partition("=")
        flag = ours and bool(equals) and isinstance(options.get(name), argparse._StoreTrueAction)  # noqa: SLF001 -- argparse names it nowhere else
        truth = parse_truth(value) if flag else None
        if truth is not False:
            yield name if truth else argument
