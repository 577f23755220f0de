"""Durations as scenarios write them."""

import re

UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
FORM = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")


def duration_seconds(text: str) -> float:
    """Parse ``0ms 1.5s 10m 8h 90d``.

    Raises:
        ValueError: ``text`` is something else.
    """
    match = FORM.fullmatch(text.strip())
    if match is None:
        message = f"not a duration: {text!r}"
        raise ValueError(message)
    return float(match[1]) * UNITS[match[2]]
