"""How long access is asked for: read, written and held to the entitlement's maximum (reference §6)."""

from datetime import timedelta

from cone_sidecar import duration
from cone_sidecar.errors import UsageError

UNITS = {"w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1}
LONGEST = timedelta(days=36_500)
SYNTAX = "write it as in 12h, 1w2d or 2h45m: (m)inutes, (h)ours, (d)ays, (w)eeks"
TOO_LONG = "grant duration must be less than or equal to max provision time"


def parse_duration(text: str) -> timedelta:
    """Parse a duration.

    Raises:
        UsageError: ``text`` is none, or one that nobody can be given access for.
    """
    found = duration.parse_duration(text)
    if found is None:
        raise UsageError(f"invalid duration {text!r}", hint=SYNTAX)
    if found > LONGEST:
        raise UsageError("duration must be at most a hundred years", hint=SYNTAX)
    return found


def duration_text(span: timedelta) -> str:
    """Write a duration as the original does: ``1h30m``, ``1w1d``."""
    rest, parts = int(span.total_seconds()), []
    for unit, size in UNITS.items():
        count, rest = divmod(rest, size)
        parts += [f"{count}{unit}"] if count else []
    return "".join(parts) or "0s"


def check_duration(span: timedelta, longest: timedelta | None) -> None:
    """Hold a duration to the entitlement's maximum.

    Raises:
        UsageError: It is longer.
    """
    if longest is not None and span > longest:
        limit = duration_text(longest)
        raise UsageError(f"{TOO_LONG}: {limit}", hint=f"ask for less: -d {limit}")
