"""Spans of time, as people read them."""

from datetime import timedelta

UNITS = (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1))


def span_text(span: timedelta) -> str:
    """Return the two largest units of ``span``: ``2h 5m``, ``8h``, ``45s``; never less than ``0s``."""
    rest = max(0, int(span.total_seconds()))
    first = next((place for place, (_, size) in enumerate(UNITS) if rest >= size), len(UNITS) - 1)
    parts: list[str] = []
    for unit, size in UNITS[first : first + 2]:
        count, rest = divmod(rest, size)
        if count or not parts:
            parts.append(f"{count}{unit}")
    return " ".join(parts)
