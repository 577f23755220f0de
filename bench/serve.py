"""``cone serve``: its start, its memory, its throughput, and a herd of callers."""

import contextlib
import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from measure import fed_json, first_200_s, free_port, paired, rss_mib, running
from report import Row, milliseconds
from upstream import Upstream

from cone_cli.stage import Stage, cone_command
from cone_sidecar.runtime import RunningSidecar

HERE = Path(__file__).parent
START_RUNS = 11
HERD_RUNS = 7
COLD_HERD_RUNS = 5
REQUESTS = 10_000
CALLERS = 1_000
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
    """Memory before and after 10,000 requests; throughput and latency against bare ASGI."""
    sidecar = stage.start_sidecar()
    port, request = port_of(sidecar), request_for(sidecar, profile)
    idle = rss_mib(sidecar.pid)
    put_load(port, request, requests=100, connections=1)
    first = rss_mib(sidecar.pid)
    put_load(port, request, requests=REQUESTS, connections=16)
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
    with bare_server(stage) as other:
        for connections in (1, 16, 64):
            yield throughput(port, other, request, connections)
        yield warm_herd(port, other, request)
    # It goes on to look after the profile, which would count as upstream of what comes next.
    stage.end(stage.children[-1])


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
    sidecar = stage.start_sidecar()
    put_load(port_of(sidecar), request_for(sidecar, profile), requests=REQUESTS, connections=16)
    after = rss_mib(sidecar.pid)
    return Row(
        "resident memory after a login to ConductorOne and 10,000 requests",
        f"{after:.1f} MiB",
        "",
        "",
        "≤ 40 MiB",
        after <= 40,
    )


def throughput(port: int, other: int, request: str, connections: int) -> Row:
    """Compare requests per second in turns; the p99 at 16 connections has a target of its own."""
    p99: list[float] = []

    def ours() -> float:
        figures = put_load(port, request, requests=REQUESTS, connections=connections)
        p99.append(figures["p99_ms"])
        return figures["rps"]

    def theirs() -> float:
        return put_load(other, request, requests=REQUESTS, connections=connections)["rps"]

    rps, baseline, ratio = paired(ours, theirs, 5)
    tail = sorted(p99)[len(p99) // 2]
    met = ratio >= 0.5 and (connections != 16 or tail <= 3.0)
    return Row(
        f"credentials from memory, {connections} keep-alive connections",
        f"{rps:,.0f} req/s, p99 {tail:.2f} ms",
        f"bare ASGI {baseline:,.0f} req/s",
        f"{ratio:.2f} ×",
        "≥ 0.5 ×" + (", p99 ≤ 3 ms" if connections == 16 else ""),
        met,
    )


def warm_herd(port: int, other: int, request: str) -> Row:
    """All callers at once, each with a connection of its own, against bare ASGI."""
    ours, theirs, ratio = paired(
        lambda: herd_s(port, request), lambda: herd_s(other, request), HERD_RUNS
    )
    return Row(
        f"{CALLERS:,} callers at once at a warm sidecar",
        f"all served in {milliseconds(ours)}",
        f"bare ASGI {milliseconds(theirs)}",
        f"{ratio:.2f} ×",
        "≤ 2 ×",
        ratio <= 2.0,
    )


def _upstream_of(stage: Stage, upstream: Upstream, profile: str, callers: int) -> tuple[float, int]:
    """Let callers come to a new sidecar; returns the seconds, and how many requests went upstream."""
    sidecar = stage.start_sidecar()
    upstream.forget()
    wall = herd_s(port_of(sidecar), request_for(sidecar, profile), callers)
    requests = upstream.chain().requests
    stage.end(stage.children[-1])
    return wall, requests


@contextlib.contextmanager
def bare_server(stage: Stage) -> Iterator[int]:
    """Run bare ASGI for the length of the block; yields its port."""
    port = free_port()
    with running(_baseline("bare", port), stage.environment):
        for _ in range(200):
            with contextlib.suppress(subprocess.CalledProcessError):
                put_load(port, ASK.decode(), requests=100, connections=1)
                break
        yield port


def _baseline(kind: str, port: int) -> list[str]:
    return [sys.executable, str(HERE / "server_under_test.py"), kind, str(port)]


def port_of(sidecar: RunningSidecar) -> int:
    """Return the port of the credentials' listener."""
    return int(sidecar.credentials_url.rpartition(":")[2])


def request_for(sidecar: RunningSidecar, profile: str) -> str:
    """Return a request as a Go program sends it, so that the answer is waited for."""
    token = Path(sidecar.token_file).read_text(encoding="ascii")
    host = sidecar.credentials_url.removeprefix("http://")
    return (
        f"GET /credentials/{profile} HTTP/1.1\r\nHost: {host}\r\n"
        f"User-Agent: Go-http-client/1.1\r\nAccept: application/json\r\nAuthorization: {token}\r\n\r\n"
    )


def put_load(port: int, request: str, *, requests: int, connections: int) -> dict[str, float]:
    """Put keep-alive connections on a server; every request has to be served."""
    return _served(
        fed_json(
            HERE / "load.py",
            {
                "host": "127.0.0.1",
                "port": port,
                "request": request,
                "requests": requests,
                "connections": connections,
            },
        ),
        requests,
    )


def herd_s(port: int, request: str, callers: int = CALLERS) -> float:
    """Let callers come at once; returns the seconds until the last one was served."""
    settings = {"host": "127.0.0.1", "port": port, "request": request, "callers": callers}
    return _served(fed_json(HERE / "herd.py", settings), callers)["wall_s"]


def _served(figures: dict[str, float], requests: int) -> dict[str, float]:
    if figures["failures"] or figures["answers"] != requests:
        message = f"{figures['failures']} of {requests} requests failed"
        raise RuntimeError(message)
    return figures
