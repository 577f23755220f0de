"""What a load tells of a server: requests per second, and the time until an answer."""

import statistics
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Figures:
    """The figures of one run, or the medians of several."""

    rps: float
    p50_ms: float
    p99_ms: float
    wall_s: float

    def __str__(self) -> str:
        """Return them as they stand in the report."""
        return f"{self.rps:,.0f} req/s, p50 {self.p50_ms:.2f} ms, p99 {self.p99_ms:.2f} ms"

    @classmethod
    def median(cls, runs: list["Figures"]) -> "Figures":
        """Return the median of each figure."""
        return cls(
            statistics.median(run.rps for run in runs),
            statistics.median(run.p50_ms for run in runs),
            statistics.median(run.p99_ms for run in runs),
            statistics.median(run.wall_s for run in runs),
        )


@dataclass(frozen=True)
class Comparison:
    """Two servers that were loaded in turns; ``ratio`` is the median of the pairs' throughputs."""

    ours: Figures
    theirs: Figures
    ratio: float


def compare(ours: Callable[[], Figures], theirs: Callable[[], Figures], runs: int) -> Comparison:
    """Load both in turns, after one turn that doesn't count."""
    ours()
    theirs()
    pairs = [(ours(), theirs()) for _ in range(runs)]
    return Comparison(
        Figures.median([one for one, _ in pairs]),
        Figures.median([other for _, other in pairs]),
        statistics.median(one.rps / other.rps for one, other in pairs),
    )
