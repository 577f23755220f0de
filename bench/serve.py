"""``cone serve``: its start, its memory, what it bears, and a herd of callers while it is cold."""

import contextlib
import statistics
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from endpoint import Endpoint
from measure import first_200_s, free_port, paired, rss_mib, running, wait_until_answering
from peers import against_peers
from report import Row, milliseconds
from throughput import CALLERS, POOL, REQUESTS, against_bare, audited
from upstream import Upstream

from cone_cli.stage import Stage, cone_command

HERE = Path(__file__).parent
START_RUNS = 11
COLD_HERD_RUNS = 5
WARM_UP = 100
ASK = b"GET /credentials/x HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


def start_of_serve(stage: Stage) -> Row:
    """From the start of ``cone serve`` to its first 200, against uvicorn and Starlette alone."""
    port, other, management = free_port(), free_port(), free_port()
    serve = [
        *cone_command(),
        "serve",
        "--listen",
        f"127.0.0.1:{port}",
        "--management-listen",
        f"127.0.0.1:{management}",
    ]
    live = f"GET /livez HTTP/1.1\r\nHost: 127.0.0.1:{management}\r\n\r\n".encode()
    ours, theirs, ratio = paired(
        lambda: first_200_s(serve, stage.environment, management, live),
        lambda: first_200_s(_baseline("starlette", other), stage.environment, other, ASK),
        START_RUNS,
    )
    return Row(
        "`cone serve`, start to first 200",
        milliseconds(ours),
        f"uvicorn and Starlette {milliseconds(theirs)}",
        f"{ratio:.2f} ×",
        "≤ 2 ×",
        ratio <= 2.0,
    )


def load_on_serve(stage: Stage, profile: str) -> Iterator[Row]:
    """Memory before and after 10,000 requests; throughput and latency against bare ASGI and peers.

    Each answer is written to an audit file, which is counted at the end.
    """
    audit = stage.home / "audit.log"
    sidecar = stage.start_sidecar("--audit", str(audit))
    idle = rss_mib(sidecar.pid)
    ours = Endpoint.of_sidecar(stage, sidecar, profile)
    ours.keep_alive(WARM_UP, 1)
    first = rss_mib(sidecar.pid)
    ours.keep_alive(REQUESTS, POOL)
    after = rss_mib(sidecar.pid)
    yield Row("resident memory, idle", f"{idle:.1f} MiB", "", "", "≤ 40 MiB", idle <= 40)
    yield Row(
        "its growth over 10,000 requests",
        f"{after - first:.1f} MiB",
        f"{after:.1f} MiB in all",
        "",
        "≤ 2 MiB",
        after - first <= 2,
    )
    with bare_server(stage) as bare:
        yield from against_bare(ours, bare)
    yield from against_peers(stage, ours)
    # It goes on to look after the profile, which would count as upstream of what comes next.
    stage.end(stage.children[-1])
    yield audited(audit, ours)


def cold_herd(
    stage: Stage, upstream: Upstream, profile: str, latencies: Sequence[float]
) -> Iterator[Row]:
    """All callers at once at a sidecar that has nothing: no more may go upstream than for one."""
    for latency in latencies:
        upstream.delay(latency)
        alone = _upstream_of(stage, upstream, profile, 1)[1]
        runs = [_upstream_of(stage, upstream, profile, CALLERS) for _ in range(COLD_HERD_RUNS)]
        wall = statistics.median(wall for wall, _ in runs)
        requests = max(requests for _, requests in runs)
        yield Row(
            f"{CALLERS:,} callers at once at a cold sidecar, latency {milliseconds(latency)}",
            f"all served in {milliseconds(wall)}, {requests} requests upstream",
            "",
            "",
            f"{alone} requests, as for one",
            requests == alone,
        )
    upstream.delay(0)


def memory_after_renewal(stage: Stage, profile: str) -> Row:
    """Memory once an access token had to be minted, and after 10,000 requests more."""
    for kept in (stage.home / ".cache" / "cone-sidecar").glob("access-token-*"):
        kept.unlink()
    sidecar = stage.start_sidecar("--audit", str(stage.home / "audit-after-renewal.log"))
    Endpoint.of_sidecar(stage, sidecar, profile).keep_alive(REQUESTS, POOL)
    after = rss_mib(sidecar.pid)
    return Row(
        "resident memory after a login to ConductorOne and 10,000 requests",
        f"{after:.1f} MiB",
        "",
        "",
        "≤ 40 MiB",
        after <= 40,
    )


def _upstream_of(stage: Stage, upstream: Upstream, profile: str, callers: int) -> tuple[float, int]:
    """Let callers come to a new sidecar; returns the seconds, and how many requests went upstream."""
    ours = Endpoint.of_sidecar(stage, stage.start_sidecar(), profile)
    upstream.forget()
    wall = ours.herd(callers).wall_s
    requests = upstream.chain().requests
    stage.end(stage.children[-1])
    return wall, requests


@contextlib.contextmanager
def bare_server(stage: Stage) -> Iterator[Endpoint]:
    """Run bare ASGI for the length of the block."""
    port = free_port()
    with running(_baseline("bare", port), stage.environment):
        wait_until_answering(port, ASK)
        yield Endpoint(port, ASK.decode())


def _baseline(kind: str, port: int) -> list[str]:
    return [sys.executable, str(HERE / "server_under_test.py"), kind, str(port)]
