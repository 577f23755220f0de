"""All benchmarks, in pairs against a baseline in the same run; writes docs/performance.md.

Ratios are what counts: the machine's speed drifts, and the baseline drifts with it.
"""

import json
import platform
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from measure import first_200_s, free_port, paired, rss_mib, running, wall_s

from cone_cli.stage import Stage, cone_command
from cone_sidecar.clock import SystemClock, rfc3339
from cone_sidecar.runtime import RunningSidecar

ROOT = Path(__file__).parent.parent
REPORT = ROOT / "docs" / "performance.md"
PROFILE = "production-admin"
SCENARIO = """\
tenant: acme
users: [{email: ada@example.com}]
accounts: [{id: "100000000001", name: Production}]
permission_sets:
  - {account: Production, name: Admin, policy: auto, granted_to: [ada@example.com]}
lifetimes: {role_credentials: 12h}
"""
PROCESS_RUNS = 31
START_RUNS = 11
REQUESTS = 10_000


@dataclass(frozen=True)
class Row:
    """One line of the report."""

    what: str
    ours: str
    baseline: str
    result: str
    target: str
    met: bool


def main() -> int:
    """Run everything; returns 1 when a target was missed."""
    with Stage() as stage:
        stage.start_simulator(SCENARIO, "--auto-confirm")
        stage.call([*cone_command(), "aws", "setup", "--sso-url", "https://acme.awsapps.com/start"])
        stage.call([*cone_command(), "aws", "login"])
        rows = [
            *warm_credentials(stage),
            *start_of_serve(stage),
            *load_on_serve(stage),
            memory_after_renewal(stage),
        ]
    report = render(rows)
    REPORT.write_text(report, encoding="utf-8")
    print(report)
    return 0 if all(row.met for row in rows) else 1


def warm_credentials(stage: Stage) -> list[Row]:
    """A warm ``cone aws credentials`` against an interpreter that does nothing."""
    cone = [str(Path(sys.executable).with_name("cone")), "aws", "credentials", PROFILE]
    idle = [sys.executable, "-c", "pass"]
    ours, theirs, ratio = paired(
        lambda: wall_s(cone, stage.environment),
        lambda: wall_s(idle, stage.environment),
        PROCESS_RUNS,
    )
    return [
        Row(
            "warm `cone aws credentials`, start to end",
            f"{ours * 1000:.1f} ms",
            f"`python -c pass` {theirs * 1000:.1f} ms",
            f"{ratio:.2f} ×",
            "≤ 2 ×",
            ratio <= 2.0,
        )
    ]


def start_of_serve(stage: Stage) -> list[Row]:
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
    bare = [
        sys.executable,
        str(Path(__file__).with_name("server_under_test.py")),
        "starlette",
        str(other),
    ]
    ask = b"GET /credentials/x HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    ours, theirs, ratio = paired(
        lambda: first_200_s(serve, stage.environment, management, live),
        lambda: first_200_s(bare, stage.environment, other, ask),
        START_RUNS,
    )
    return [
        Row(
            "`cone serve`, start to first 200",
            f"{ours * 1000:.0f} ms",
            f"uvicorn and Starlette {theirs * 1000:.0f} ms",
            f"{ratio:.2f} ×",
            "≤ 2 ×",
            ratio <= 2.0,
        )
    ]


def load_on_serve(stage: Stage) -> list[Row]:
    """Memory before and after 10,000 requests; throughput and latency against bare ASGI."""
    sidecar = stage.start_sidecar()
    port = int(sidecar.credentials_url.rpartition(":")[2])
    idle = rss_mib(sidecar.pid)
    request = request_for(sidecar)
    put_load(port, request, requests=100, connections=1)
    first = rss_mib(sidecar.pid)
    put_load(port, request, requests=REQUESTS, connections=16)
    after = rss_mib(sidecar.pid)
    rows = [
        Row("resident memory, idle", f"{idle:.1f} MiB", "", "", "≤ 40 MiB", idle <= 40),
        Row(
            "its growth over 10,000 requests",
            f"{after - first:.1f} MiB",
            f"{after:.1f} MiB in all",
            "",
            "≤ 2 MiB",
            after - first <= 2,
        ),
    ]
    other = free_port()
    bare = [
        sys.executable,
        str(Path(__file__).with_name("server_under_test.py")),
        "bare",
        str(other),
    ]
    ask = b"GET /credentials/x HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    first_200_s(bare, stage.environment, other, ask)
    with running(bare, stage.environment):
        put_load_when_up(other, request)
        rows += [throughput(port, other, request, connections) for connections in (1, 16, 64)]
    return rows


def memory_after_renewal(stage: Stage) -> Row:
    """Memory once an access token had to be minted, and after 10,000 requests more."""
    for kept in (stage.home / ".cache" / "cone-sidecar").glob("access-token-*"):
        kept.unlink()
    sidecar = stage.start_sidecar()
    port = int(sidecar.credentials_url.rpartition(":")[2])
    put_load(port, request_for(sidecar), requests=REQUESTS, connections=16)
    after = rss_mib(sidecar.pid)
    return Row(
        "resident memory after a login to ConductorOne and 10,000 requests",
        f"{after:.1f} MiB",
        "",
        "",
        "≤ 40 MiB",
        after <= 40,
    )


def request_for(sidecar: RunningSidecar) -> str:
    """Return a request as a Go program sends it, so that the answer is waited for."""
    token = Path(sidecar.token_file).read_text(encoding="ascii")
    host = sidecar.credentials_url.removeprefix("http://")
    return (
        f"GET /credentials/{PROFILE} HTTP/1.1\r\nHost: {host}\r\n"
        f"User-Agent: Go-http-client/1.1\r\nAccept: application/json\r\nAuthorization: {token}\r\n\r\n"
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


def put_load(port: int, request: str, *, requests: int, connections: int) -> dict[str, float]:
    """Run the load client in a process of its own."""
    settings = {
        "host": "127.0.0.1",
        "port": port,
        "request": request,
        "requests": requests,
        "connections": connections,
    }
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("load.py"))],
        input=json.dumps(settings),
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    figures: dict[str, float] = json.loads(done.stdout)
    if figures["failures"] or figures["answers"] != requests:
        message = f"{figures['failures']} of {requests} requests failed"
        raise RuntimeError(message)
    return figures


def put_load_when_up(port: int, request: str) -> None:
    """Warm a server up, as soon as it accepts."""
    for _ in range(200):
        try:
            put_load(port, request, requests=100, connections=1)
        except subprocess.CalledProcessError:
            continue
        return


def render(rows: list[Row]) -> str:
    """Return the report."""
    lines = [
        "# Performance",
        "",
        "Written by `make bench`. Each figure is a median of runs that took turns with the baseline's;",
        "the ratio is the median of the pairs, so it holds when the machine's speed drifts.",
        "",
        f"Python {platform.python_version()}, {platform.system()} {platform.machine()}, "
        f"{rfc3339(SystemClock().now())}.",
        "",
        "| what | ours | baseline | ratio | target | met |",
        "|---|---|---|---|---|---|",
        *(
            f"| {row.what} | {row.ours} | {row.baseline} | {row.result} | {row.target} | "
            f"{'yes' if row.met else 'no'} |"
            for row in rows
        ),
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
