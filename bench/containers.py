"""The image: its size, and its sidecar's start, memory, healthcheck and end; writes docs/performance.md.

Needs a container engine whose ports are published on this machine. Starts are compared with a bare Python
server in the same image: what the engine itself takes is in both.
"""

import contextlib
import io
import json
import socket
import statistics
import sys
import tarfile
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, NamedTuple

from contained import LIVE, LOCKED_DOWN, MANAGEMENT, Contained
from engine import Engine
from measure import MIB, wait_until_answering
from report import Row, measured, milliseconds, replace_part, table

ROOT = Path(__file__).parent.parent
REPORT = ROOT / "docs" / "performance.md"
BASE = "python:3.13-slim"
IMAGE = "cone-sidecar:bench"
START_RUNS = 9
STOP_RUNS = 5
REQUESTS, CONNECTIONS = 1000, 16
IDLE_CONNECTIONS = 50
# Steps of memory in MiB that are tried, from the least on.
MEMORY_STEPS = range(24, 128, 4)
OWN_STATUS = """
import json
for line in open("/proc/1/status"):
    if line.startswith("VmRSS:"):
        print(json.dumps(int(line.split()[1]) * 1024))
"""
HEALTHCHECKS = """
import json, resource, statistics, subprocess, time
walls, cpus = [], []
def used():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
for _ in range(21):
    started, before = time.perf_counter(), used()
    subprocess.run(["cone", "healthcheck"], check=True)
    walls.append(time.perf_counter() - started)
    cpus.append(used() - before)
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
print(json.dumps([statistics.median(walls), statistics.median(cpus), peak]))
"""
BARE_SERVER = """
import socket
listener = socket.create_server(("0.0.0.0", 9912))
while True:
    connection = listener.accept()[0]
    connection.recv(4096)
    connection.sendall(b"HTTP/1.1 200 OK\\r\\ncontent-length: 0\\r\\n\\r\\n")
    connection.close()
"""
RESOLVE = ("python", "-m", "cone_sidecar.identity_center.botocore_endpoints", "us-east-1")


class Memory(NamedTuple):
    """What a sidecar's process holds, in bytes, in the course of its life."""

    idle: int
    served: int
    loaded: int


def main() -> int:
    """Measure everything; returns 1 when a target was missed."""
    with Engine() as engine:
        engine("build", "--quiet", "--tag", IMAGE, str(ROOT))
        contained = Contained(engine, IMAGE)
        rows = [
            *size(engine),
            *start(contained),
            *memory(contained),
            *least_memory(contained),
            *healthcheck(contained),
            *end(contained),
        ]
        python = engine("run", "--rm", "--entrypoint=python", IMAGE, "--version")
        docker = engine("version", "--format", "Docker {{.Server.Version}}")
    report = "\n".join([measured(f"{docker}, {python}"), "", *table(rows)])
    replace_part(REPORT, "containers", report)
    print(report)
    return 0 if all(row.met for row in rows) else 1


def size(engine: Engine) -> Iterator[Row]:
    """The image and what it adds to its base, as they lie on a disk and as registries hand them out."""
    base, image = (int(engine("inspect", "--format", "{{.Size}}", name)) for name in (BASE, IMAGE))
    yield Row(
        "image, with its base", f"{image / MIB:.0f} MiB", f"`{BASE}` here {base / MIB:.0f} MiB"
    )
    yield Row("image, without its base", f"{(image - base) / MIB:.1f} MiB")
    inside = len(json.loads(engine("inspect", "--format", "{{json .RootFS.Layers}}", BASE)))
    packed = [layer / MIB for layer in compressed(engine)]
    yield Row(
        "the same, compressed as for a registry",
        f"{sum(packed[inside:]):.1f} MiB",
        f"`{BASE}` here {sum(packed[:inside]):.0f} MiB",
    )


def compressed(engine: Engine) -> Iterator[int]:
    """Return the bytes of each of the image's layers, compressed with zlib at its default."""
    with tempfile_of(engine) as archive:
        manifest = json.load(member(archive, "manifest.json"))
        for name in manifest[0]["Layers"]:
            packer, total = zlib.compressobj(), 0
            layer = member(archive, name)
            while part := layer.read(MIB):
                total += len(packer.compress(part))
            yield total + len(packer.flush())


@contextlib.contextmanager
def tempfile_of(engine: Engine) -> Iterator[tarfile.TarFile]:
    """Give the image as the engine saves it."""
    path = Path(f"/tmp/{engine.network}.tar")  # noqa: S108 -- named by chance, removed at once
    try:
        engine("save", "--output", str(path), IMAGE)
        with tarfile.open(path) as archive:
            yield archive
    finally:
        path.unlink(missing_ok=True)


def member(archive: tarfile.TarFile, name: str) -> IO[bytes]:
    """Open a file of an archive."""
    return archive.extractfile(name) or io.BytesIO()


def start(contained: Contained) -> Iterator[Row]:
    """From ``docker run`` to the first 200 of ``/livez``, and on to the first credentials."""
    live = (contained.management_port, LIVE)
    bare = (
        *LOCKED_DOWN,
        f"--publish=127.0.0.1:{contained.management_port}:{MANAGEMENT}",
        "--entrypoint=python",
        contained.image,
        *("-c", BARE_SERVER),
    )
    pairs = [
        (
            *answered_s(contained, contained.start, live, contained.credentials),
            *answered_s(contained, lambda: contained.engine.start(*bare), live),
        )
        for _ in range(START_RUNS)
    ]
    ours, credentials, theirs = (statistics.median(taken) for taken in zip(*pairs, strict=True))
    ratio = statistics.median(first / other for first, _, other in pairs)
    yield Row(
        "`docker run` to the first 200 of `/livez`",
        milliseconds(ours),
        f"a bare Python server {milliseconds(theirs)}",
        f"{ratio:.2f} ×",
    )
    yield Row(
        "`docker run` to the first credentials: login, request, sign-in and all",
        milliseconds(credentials),
    )


def answered_s(
    contained: Contained, begin: Callable[[], str], *asked: tuple[int, bytes]
) -> list[float]:
    """Return the seconds from ``begin`` until each was answered with 200, in turn; nothing is left."""
    began = time.perf_counter()
    container = begin()
    taken = []
    try:
        for port, ask in asked:
            wait_until_answering(port, ask)
            taken.append(time.perf_counter() - began)
    finally:
        contained.engine.remove(container)
    return taken


def memory(contained: Contained) -> Iterator[Row]:
    """The process's resident memory, and what the engine counts for the container."""
    with contained.running() as container:
        seen = lived(contained, container)
        counted = contained.engine("stats", "--no-stream", "--format", "{{.MemUsage}}", container)
    yield Row("resident memory, idle", f"{seen.idle / MIB:.1f} MiB")
    yield Row("after the first credentials", f"{seen.served / MIB:.1f} MiB")
    yield Row(f"after {REQUESTS:,} requests", f"{seen.loaded / MIB:.1f} MiB")
    yield Row("the container then, as `docker stats` counts", counted.partition("MiB")[0] + " MiB")


def lived(contained: Contained, container: str) -> Memory:
    """Take a sidecar through a login, a request, a sign-in and its first requests."""

    def resident() -> int:
        return int(str(contained.engine.python(container, OWN_STATUS)))

    idle = resident()
    wait_until_answering(*contained.credentials)
    served = resident()
    contained.endpoint.keep_alive(REQUESTS, CONNECTIONS)
    return Memory(idle, served, resident())


def least_memory(contained: Contained) -> Iterator[Row]:
    """The least memory with which all of that works, without and with botocore's short-lived process."""
    what = "least memory (`docker run -m`) for all that"
    alone = next(limit for limit in MEMORY_STEPS if survives(contained, limit))
    yield Row(what, f"{alone} MiB", target="≤ 64 MiB", met=alone <= 64)
    beside = next(
        limit for limit in MEMORY_STEPS if limit >= alone and survives(contained, limit, RESOLVE)
    )
    yield Row(
        "the same, the first time in a region: botocore resolves its endpoints", f"{beside} MiB"
    )


def survives(contained: Contained, limit: int, beside: Sequence[str] = ()) -> bool:
    """Tell whether a sidecar does its work with ``limit`` MiB, and a process beside it."""
    options = (f"--memory={limit}m", f"--memory-swap={limit}m")
    try:
        with contained.running(*options) as container:
            lived(contained, container)
            if beside:
                contained.engine("exec", container, *beside)
            killed = contained.engine("inspect", "--format", "{{.State.OOMKilled}}", container)
    except RuntimeError:
        return False
    return killed == "false"


def healthcheck(contained: Contained) -> Iterator[Row]:
    """What one ``cone healthcheck`` costs in the container, and how soon the engine says healthy."""
    with contained.running() as container:
        told = contained.engine.python(container, HEALTHCHECKS)
    wall, cpu, peak = json.loads(json.dumps(told))
    yield Row(
        "one `cone healthcheck`",
        f"{milliseconds(wall)}, {milliseconds(cpu)} of them CPU",
        target="≤ 60 ms of CPU",
        met=cpu <= 0.06,
    )
    yield Row("its memory at most", f"{peak / MIB:.1f} MiB")


def end(contained: Contained) -> Iterator[Row]:
    """``docker stop``: of an idle sidecar, and of one that clients are connected to."""
    idle = statistics.median(stopped_s(contained) for _ in range(STOP_RUNS))
    yield Row("`docker stop`", milliseconds(idle), target="≤ 1 s", met=idle <= 1)
    connected = statistics.median(stopped_s(contained, IDLE_CONNECTIONS) for _ in range(STOP_RUNS))
    yield Row(
        f"with {IDLE_CONNECTIONS} idle connections and one that waits",
        milliseconds(connected),
        target="≤ 1 s",
        met=connected <= 1,
    )


def stopped_s(contained: Contained, connections: int = 0) -> float:
    """Return the seconds that ``docker stop`` takes."""
    port, ask = contained.credentials
    with contextlib.ExitStack() as stack, contained.running() as container:
        for number in range(connections + bool(connections)):
            connection = stack.enter_context(socket.create_connection(("127.0.0.1", port), 10))
            if number < connections:
                connection.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
                connection.recv(4096)
            else:
                connection.sendall(ask)
        began = time.perf_counter()
        contained.engine("stop", container)
        return time.perf_counter() - began


if __name__ == "__main__":
    sys.exit(main())
