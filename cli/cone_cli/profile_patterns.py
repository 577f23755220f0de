"""Which profiles are meant by patterns of names."""

from collections.abc import Iterable, Sequence

WILDCARDS = frozenset("*?[")


def chosen(patterns: Sequence[str], names: Iterable[str]) -> list[str]:
    """Return those of ``names`` that any of ``patterns`` means, in their order; all without patterns.

    A pattern with ``*``, ``?`` or ``[…]`` is a shell's and means whole names, any other a part of them;
    upper and lower case are alike.
    """
    if not patterns:
        return list(names)
    # Imported for patterns alone: it brings re along.
    from fnmatch import fnmatchcase

    lower = [pattern.lower() for pattern in patterns]
    return [
        name
        for name in names
        if any(
            fnmatchcase(name.lower(), pattern)
            if WILDCARDS.intersection(pattern)
            else pattern in name.lower()
            for pattern in lower
        )
    ]
