"""``cone aws setup`` for catalogues of several sizes: time and memory, of first runs and of later ones."""

import contextlib
import http.client
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from catalogue_server import PAGE_SIZE, PAGES_PATH, TOKEN_PATH
from measure import MIB, wall_s
from report import Row, milliseconds

from cone_cli.stage import FOREIGN

SERVER = Path(__file__).with_name("catalogue_server.py")
# Permission sets on each of that many accounts.
SIZES = {100: 10, 1000: 50, 5000: 250}
LATENCY_S = 0.02
RUNS = 5
# Of the whole command, its start included.
LARGEST_TARGET_S, ROUND_TRIPS_TARGET, MEMORY_TARGET_MIB = 0.8, 1.5, 60
NOTHING = (sys.executable, "-c", "pass")
SET_UP = ("aws", "setup", "--sso-url", "https://acme.awsapps.com/start")


@dataclass(frozen=True)
class Run:
    """One run of the command: its seconds, and the most memory that it had, in MiB."""

    seconds: float
    peak_mib: float


def setup_of_catalogues() -> list[Row]:
    """Measure all sizes."""
    first, again = {}, {}
    for count in SIZES:
        first[count], again[count], _ = _runs(count, 0.0)
    largest, smaller = max(SIZES), sorted(SIZES)[-2]
    late, late_again, trips = _runs(largest, LATENCY_S)
    growth = (first[largest].seconds - first[100].seconds) / (
        first[smaller].seconds - first[100].seconds
    )
    nothing = wall_s(NOTHING, os.environ)
    baseline = f"`python -c pass` {milliseconds(nothing)}"
    rows = [
        _row(count, run, baseline, nothing, LARGEST_TARGET_S if count == largest else None)
        for count, run in first.items()
    ]
    return [
        *rows,
        Row(
            f"its growth from {smaller:,} to {largest:,}, over that from 100 to {smaller:,}",
            f"{growth:.1f} ×",
            f"linear {(largest - 100) / (smaller - 100):.1f} ×",
        ),
        Row(
            f"`cone aws setup`, {largest:,} permission sets, latency {milliseconds(LATENCY_S)}",
            milliseconds(late.seconds),
            f"its {largest // PAGE_SIZE + 1} round trips, one after the other, by `http.client` "
            f"{milliseconds(trips)}",
            f"{late.seconds / trips:.2f} ×",
            f"≤ {ROUND_TRIPS_TARGET} ×",
            late.seconds <= ROUND_TRIPS_TARGET * trips,
        ),
        Row(
            "the same again, nothing new",
            milliseconds(late_again.seconds),
            f"0 ms: {milliseconds(again[largest].seconds)}",
            f"{late_again.seconds / late.seconds:.2f} × the first",
        ),
        Row(
            "its peak of memory",
            f"{first[largest].peak_mib:.1f} MiB",
            target=f"≤ {MEMORY_TARGET_MIB} MiB",
            met=first[largest].peak_mib <= MEMORY_TARGET_MIB,
        ),
    ]


def _row(count: int, run: Run, baseline: str, nothing: float, target: float | None) -> Row:
    return Row(
        f"`cone aws setup`, {count:,} permission sets, latency 0 ms",
        f"{milliseconds(run.seconds)}, {run.peak_mib:.1f} MiB",
        baseline,
        f"{run.seconds / nothing:.1f} ×",
        f"≤ {target} s" if target else "",
        not target or run.seconds <= target,
    )


def _runs(count: int, latency: float) -> tuple[Run, Run, float]:
    """Return the medians of first runs, in a home of its own each, and of runs that find nothing new.

    The third is that of the seconds that the round trips alone take, in turns with them.
    """
    first, again, trips = [], [], []
    with _catalogue(count, latency) as told:
        for _ in range(RUNS):
            home = tempfile.mkdtemp(prefix="cone-")
            environment = told | {"HOME": home}
            first.append(_run(environment))
            again.append(_run(environment))
            trips.append(_round_trips_s(told["CONE_API_ENDPOINT"]))
            shutil.rmtree(home)
    return _median(first), _median(again), statistics.median(trips)


def _round_trips_s(url: str) -> float:
    """Return the seconds that a login and all pages take somebody who does nothing with them."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc)
    started = time.perf_counter()
    _post(connection, TOKEN_PATH, "")
    following = b""
    while True:
        page = _post(connection, PAGES_PATH, json.dumps({"pageToken": following.decode()}))
        following = page.rpartition(b'"nextPageToken":"')[2].partition(b'"')[0]
        if not following:
            return time.perf_counter() - started


def _post(connection: http.client.HTTPConnection, path: str, body: str) -> bytes:
    connection.request("POST", path, body, {"Content-Type": "application/json"})
    return connection.getresponse().read()


def _median(runs: list[Run]) -> Run:
    return Run(statistics.median(run.seconds for run in runs), max(run.peak_mib for run in runs))


def _run(environment: Mapping[str, str]) -> Run:
    command = [str(Path(sys.executable).with_name("cone")), *SET_UP]
    discard = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    started = time.perf_counter()
    pid = os.posix_spawn(command[0], command, environment, file_actions=discard)
    _, status, usage = os.wait4(pid, 0)
    took = time.perf_counter() - started
    if os.waitstatus_to_exitcode(status):
        message = f"failed: {' '.join(command)}"
        raise RuntimeError(message)
    return Run(took, usage.ru_maxrss * 1024 / MIB)


@contextlib.contextmanager
def _catalogue(count: int, latency: float) -> Iterator[dict[str, str]]:
    """Serve ``count`` permission sets; yields the environment that leads there."""
    accounts = SIZES[count]
    scenario = (
        "tenant: acme\nusers: [{email: ada@example.com}]\n"
        f"bulk: {{accounts: {accounts}, permission_sets: {count // accounts}}}\n"
    )
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        file.write(scenario)
        file.flush()
        server = subprocess.Popen(
            [sys.executable, str(SERVER), file.name, str(latency)],
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            environment = {k: v for k, v in os.environ.items() if not k.startswith(FOREIGN)}
            assert server.stdout is not None
            for line in server.stdout:
                name, _, value = line.removeprefix("export ").strip().partition("=")
                environment[name] = value.strip("'\"")
                if name == "AWS_ENDPOINT_URL_STS":
                    break
            yield environment
        finally:
            server.kill()
            server.wait()
