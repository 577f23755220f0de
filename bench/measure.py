"""Time whole processes, and wait for servers."""

import contextlib
import json
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

MIB = 1 << 20
RETRY_S = 0.001
LIMIT_S = 30.0


def wall_s(command: Sequence[str], environment: Mapping[str, str]) -> float:
    """Run ``command`` and return the seconds from its start to its end; it has to succeed."""
    return together_s(command, environment, 1)


def together_s(command: Sequence[str], environment: Mapping[str, str], count: int) -> float:
    """Run ``command`` ``count`` times at once; returns the seconds until the last one's end."""
    started = time.perf_counter()
    pids = [
        os.posix_spawn(
            command[0],
            list(command),
            dict(environment),
            file_actions=[(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)],
        )
        for _ in range(count)
    ]
    codes = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids]
    took = time.perf_counter() - started
    if any(codes):
        message = f"failed: {' '.join(command)}"
        raise RuntimeError(message)
    return took


def paired(
    ours: Callable[[], float], theirs: Callable[[], float], runs: int
) -> tuple[float, float, float]:
    """Measure in turns; return both medians and the median of the ratios, so that drift cancels out."""
    ours()
    theirs()
    pairs = [(ours(), theirs()) for _ in range(runs)]
    return (
        statistics.median(one for one, _ in pairs),
        statistics.median(other for _, other in pairs),
        statistics.median(one / other for one, other in pairs),
    )


def fed_json(program: Path, settings: Mapping[str, object]) -> dict[str, float]:
    """Run a load client in a process of its own; returns the figures that it prints."""
    done = subprocess.run(
        [sys.executable, str(program)],
        input=json.dumps(settings),
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def free_port() -> int:
    """Return a TCP port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def first_200_s(
    command: Sequence[str], environment: Mapping[str, str], port: int, ask: bytes
) -> float:
    """Start a server and return the seconds until it answers ``ask`` with 200; then end it."""
    started = time.perf_counter()
    with running(command, environment):
        wait_until_answering(port, ask)
        return time.perf_counter() - started


def wait_until_answering(port: int, ask: bytes) -> None:
    """Wait until the server on ``port`` answers ``ask`` with 200."""
    started = time.perf_counter()
    while not _answers(port, ask):
        if time.perf_counter() - started > LIMIT_S:
            message = f"no answer on port {port}"
            raise RuntimeError(message)
        time.sleep(RETRY_S)


@contextlib.contextmanager
def running(command: Sequence[str], environment: Mapping[str, str]) -> Iterator[int]:
    """Run a server for the length of the block; yields its process id."""
    child = subprocess.Popen(
        command,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield child.pid
    finally:
        child.terminate()
        child.wait(LIMIT_S)


def _answers(port: int, ask: bytes) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(ask)
            return b" 200 " in connection.recv(4096)[:20]
    except OSError:
        return False


def rss_mib(pid: int) -> float:
    """Return the resident memory of a process."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024 / MIB
    message = f"process {pid} has no resident memory"
    raise RuntimeError(message)
