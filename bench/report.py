"""The report: one line for each thing that was measured, with its target."""

import platform
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cone_sidecar.clock import SystemClock, rfc3339


@dataclass(frozen=True)
class Row:
    """One line of the report. ``ratio`` is to the baseline; a row without a target is always met."""

    what: str
    ours: str
    baseline: str = ""
    ratio: str = ""
    target: str = ""
    met: bool = True


@dataclass(frozen=True)
class Share:
    """What one part of a cold call takes, in seconds, without and with latency upstream."""

    what: str
    at_once: float
    delayed: float


def render(rows: Sequence[Row], shares: Sequence[Share], delay_s: float) -> str:
    """Return the report of the processes as Markdown."""
    lines = [
        measured(f"Python {platform.python_version()}"),
        "",
        *table(rows),
        "",
        "## Where the time of a cold `cone aws credentials` goes",
        "",
        "Each part in its fastest run, without latency upstream and with it.",
        "",
        f"| part | 0 ms | {milliseconds(delay_s)} |",
        "|---|---|---|",
        *(
            f"| {share.what} | {milliseconds(share.at_once)} | {milliseconds(share.delayed)} |"
            for share in shares
        ),
    ]
    return "\n".join(lines)


def measured(python: str) -> str:
    """Say on what it was measured, and when."""
    return f"{python}, {platform.system()} {platform.machine()}, {rfc3339(SystemClock().now())}."


def table(rows: Sequence[Row]) -> list[str]:
    """Return the rows as a table."""
    return [
        "| what | ours | baseline | ratio | target | met |",
        "|---|---|---|---|---|---|",
        *(
            f"| {row.what} | {row.ours} | {row.baseline} | {row.ratio} | {row.target} | {_met(row)} |"
            for row in rows
        ),
    ]


def replace_part(page: Path, name: str, text: str) -> None:
    """Put ``text`` between the page's two comments that name the part; what people wrote around it stays."""
    content = page.read_text(encoding="utf-8")
    begin, end = f"<!-- {name}: begin -->\n", f"<!-- {name}: end -->\n"
    before, found, rest = content.partition(begin)
    _, closed, after = rest.partition(end)
    if not (found and closed):
        message = f"{page} has no part {name}"
        raise RuntimeError(message)
    page.write_text(f"{before}{begin}{text.strip()}\n{end}{after}", encoding="utf-8")


def milliseconds(seconds: float) -> str:
    """Format a time; tenths where they tell something."""
    value = seconds * 1000
    return f"{value:.0f} ms" if value >= 50 or value.is_integer() else f"{value:.1f} ms"


def _met(row: Row) -> str:
    if not row.target:
        return ""
    return "yes" if row.met else "no"
