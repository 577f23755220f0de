"""Throughput and latency of credentials from memory, the whole guard and the audit line included."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

from endpoint import Endpoint
from figures import Comparison, Figures, compare
from report import Row, milliseconds

RUNS = 5
HERD_RUNS = 7
CONNECTIONS = (1, 16, 64)
REQUESTS = 10_000
# Each of them leaves a port behind that can't be used again for a while.
REQUESTS_NEW = 2_000
CALLERS = 1_000
MINIMUM_RATIO = 0.5
# Of an application with a connection pool, which is what most SDKs are.
POOL = 16
POOL_RPS = 14_000
POOL_P99_MS = 2.0


def against_bare(ours: Endpoint, bare: Endpoint) -> Iterator[Row]:
    """Compare with bare ASGI on the same uvicorn, in turns."""
    for connections in CONNECTIONS:
        found = compare(
            partial(ours.keep_alive, REQUESTS, connections),
            partial(bare.keep_alive, REQUESTS, connections),
            RUNS,
        )
        row = _row(f"{_so_many(connections)}, keep-alive", found)
        yield _of_pool(row, found.ours) if connections == POOL else row
    for connections in CONNECTIONS:
        found = compare(
            partial(ours.new_connections, REQUESTS_NEW, connections),
            partial(bare.new_connections, REQUESTS_NEW, connections),
            RUNS,
        )
        yield _row(f"{_so_many(connections)} at a time, new for each request", found)
    found = compare(partial(ours.herd, CALLERS), partial(bare.herd, CALLERS), HERD_RUNS)
    row = _row(f"{CALLERS:,} callers at once at a warm sidecar", found)
    yield replace(
        row,
        ours=f"all served in {milliseconds(found.ours.wall_s)}; {row.ours}",
        baseline=f"bare ASGI {milliseconds(found.theirs.wall_s)}; {found.theirs}",
    )


def audited(file: Path, ours: Endpoint) -> Row:
    """Each answer has its line: none was dropped to be faster."""
    with file.open("rb") as lines:
        count = sum(1 for _ in lines)
    return Row(
        f"audit lines of the {ours.answers:,} answers from memory",
        f"{count:,}",
        target="as many",
        met=count == ours.answers,
    )


def _row(how: str, found: Comparison) -> Row:
    return Row(
        f"credentials from memory, {how}",
        str(found.ours),
        f"bare ASGI {found.theirs}",
        f"{found.ratio:.2f} ×",
        f"≥ {MINIMUM_RATIO} ×",
        found.ratio >= MINIMUM_RATIO,
    )


def _of_pool(row: Row, ours: Figures) -> Row:
    return replace(
        row,
        target=f"{row.target}, ≥ {POOL_RPS:,} req/s, p99 ≤ {POOL_P99_MS:.0f} ms",
        met=row.met and ours.rps >= POOL_RPS and ours.p99_ms <= POOL_P99_MS,
    )


def _so_many(connections: int) -> str:
    return "1 connection" if connections == 1 else f"{connections} connections"
