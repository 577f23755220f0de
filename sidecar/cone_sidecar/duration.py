"""Durations as people write them: ``12h``, ``1w2d``, ``2h45m``, ``1.5h`` (reference §6)."""

import re
from datetime import timedelta

NUMBER = r"(\d{1,9}(?:\.\d{1,9})?)"
DURATION = re.compile("".join(f"(?:{NUMBER}{unit})?" for unit in "wdhms"), re.ASCII)
SHORTEST = timedelta(seconds=1)
UNITS = ("weeks", "days", "hours", "minutes", "seconds")


def parse_duration(text: str) -> timedelta | None:
    """Return the duration that ``text`` says; None where it says none, or less than a second."""
    match = DURATION.fullmatch(text.strip().lower())
    if match is None:
        return None
    amounts = {
        unit: float(number)
        for unit, number in zip(UNITS, match.groups(), strict=True)
        if number is not None
    }
    try:
        found = timedelta(**amounts)
    except OverflowError:
        return None
    # APIs take whole seconds: less would be sent as nothing.
    return found if found >= SHORTEST else None
