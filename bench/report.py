"""The report: one line for each thing that was measured, with its target."""

import platform
from collections.abc import Sequence
from dataclasses import dataclass

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
    """Return the report as Markdown."""
    lines = [
        "# Performance",
        "",
        "Written by `make bench`. Each figure is a median of runs that took turns with the baseline's;",
        "the ratio is the median of the pairs, so it holds when the machine's speed drifts. Latency is that",
        "of each answer of the simulator, which is ConductorOne and Identity Center here.",
        "",
        "Credentials from memory are asked for with the profile's own token, and each answer is written to",
        "an audit file. Bare ASGI answers everything with a body of the same size, on the same uvicorn. Of",
        "a new connection, the time to connect counts; of a herd, all the time since it came.",
        "",
        f"Python {platform.python_version()}, {platform.system()} {platform.machine()}, "
        f"{rfc3339(SystemClock().now())}.",
        "",
        "| what | ours | baseline | ratio | target | met |",
        "|---|---|---|---|---|---|",
        *(
            f"| {row.what} | {row.ours} | {row.baseline} | {row.ratio} | {row.target} | {_met(row)} |"
            for row in rows
        ),
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
        "",
    ]
    return "\n".join(lines)


def milliseconds(seconds: float) -> str:
    """Format a time; tenths where they tell something."""
    value = seconds * 1000
    return f"{value:.0f} ms" if value >= 50 or value.is_integer() else f"{value:.1f} ms"


def _met(row: Row) -> str:
    if not row.target:
        return ""
    return "yes" if row.met else "no"
