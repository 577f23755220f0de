"""``cone aws credentials``, start to end: warm, cold, eight at once, and with a request on the way."""

import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from cold_call import ColdCall
from measure import paired, together_s, wall_s
from report import Row, milliseconds

from cone_cli.stage import Stage

IDLE = [sys.executable, "-c", "pass"]
WARM_RUNS = 31
COLD_RUNS = 15
TOGETHER_RUNS = 7
REQUEST_RUNS = 5
PROCESSES = 8
TOGETHER_TARGET_S = 0.5
REQUEST_TARGET_S = 2.5


def warm_credentials(stage: Stage, profile: str) -> Row:
    """A warm call against an interpreter that does nothing."""
    cone = [str(Path(sys.executable).with_name("cone")), "aws", "credentials", profile]
    ours, theirs, ratio = paired(
        lambda: wall_s(cone, stage.environment),
        lambda: wall_s(IDLE, stage.environment),
        WARM_RUNS,
    )
    return Row(
        "warm `cone aws credentials`, start to end",
        milliseconds(ours),
        f"`python -c pass` {milliseconds(theirs)}",
        f"{ratio:.2f} ×",
        "≤ 2 ×",
        ratio <= 2.0,
    )


def cold_credentials(call: ColdCall, targets: dict[float, float]) -> Iterator[Row]:
    """A cold call with each latency of ``targets``, in seconds, and the target for it."""
    for latency, target in targets.items():
        call.upstream.delay(latency)
        ours, theirs, ratio, requests = _against_idle(call, call.wall_s, 1, COLD_RUNS)
        yield Row(
            f"cold `cone aws credentials`, latency {milliseconds(latency)}",
            f"{milliseconds(ours)}, {requests} requests upstream",
            f"`python -c pass` {milliseconds(theirs)}",
            f"{ratio:.1f} ×",
            f"≤ {target:.2f} s",
            ours <= target,
        )
    call.upstream.delay(0)


def eight_at_once(call: ColdCall, latencies: Sequence[float]) -> Iterator[Row]:
    """Eight processes on a cold profile: no more may go upstream than one process sends."""
    for latency in latencies:
        call.upstream.delay(latency)
        call.wall_s()
        alone = call.upstream.chain().requests
        ours, theirs, ratio, requests = _against_idle(
            call, lambda: call.together_s(PROCESSES), PROCESSES, TOGETHER_RUNS
        )
        yield Row(
            f"{PROCESSES} cold `cone aws credentials` at once, latency {milliseconds(latency)}",
            f"{milliseconds(ours)}, {requests} requests upstream",
            f"{PROCESSES} × `python -c pass` {milliseconds(theirs)}",
            f"{ratio:.1f} ×",
            f"≤ {TOGETHER_TARGET_S} s, {alone} requests",
            ours <= TOGETHER_TARGET_S and requests == alone,
        )
    call.upstream.delay(0)


def auto_approved(call: ColdCall, latencies: Sequence[float]) -> Iterator[Row]:
    """A cold call without a grant: requested, and decided at the second look at the task."""
    for latency in latencies:
        call.upstream.delay(latency)

        def granted_anew() -> float:
            took = call.wall_s()
            call.revoke()
            return took

        ours, theirs, ratio, requests = _against_idle(call, granted_anew, 1, REQUEST_RUNS)
        yield Row(
            f"auto-approved request, latency {milliseconds(latency)}",
            f"{milliseconds(ours)}, {requests} requests upstream",
            f"`python -c pass` {milliseconds(theirs)}",
            f"{ratio:.0f} ×",
            f"≤ {REQUEST_TARGET_S} s",
            ours <= REQUEST_TARGET_S,
        )
    call.upstream.delay(0)


def _against_idle(
    call: ColdCall, ours: Callable[[], float], count: int, runs: int
) -> tuple[float, float, float, int]:
    """Measure in turns with as many idle interpreters; returns the most requests of a run as well."""
    requests: list[int] = []

    def counted() -> float:
        took = ours()
        requests.append(call.upstream.chain().requests)
        return took

    idle = lambda: together_s(IDLE, call.environment, count)  # noqa: E731 -- reads best here
    medians = paired(counted, idle, runs)
    return *medians, max(requests)
