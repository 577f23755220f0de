"""What Prometheus scrapes: answers counted, profiles and the process looked at, as text.

The text is a few lines of a fixed form; the client library for it would cost more memory than all that
it tells of (the sidecar lives within 40 MiB).

Source: Prometheus, "Exposition formats", text format 0.0.4.
"""

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from itertools import islice
from pathlib import Path

from cone_sidecar.announcement import process_started
from cone_sidecar.clock import Clock
from cone_sidecar.domain.access import AccessState
from cone_sidecar.web.answered import Outcome

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
# Each profile is a few time series, which somebody pays for.
MOST_PROFILES = 5000
PROCESS = Path("/proc/self")
BOOT = Path("/proc/stat")

Sample = tuple[Mapping[str, str], float]


class Metrics:
    """Count answers, and print them with what is looked at when asked."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        # A counter that is there from the start shows its first increase.
        self._answers = {("Served", 200): 0}

    def hear(self, peer: str, user_agent: bytes, outcome: Outcome, request_id: str) -> None:  # noqa: ARG002 -- as ``Hear`` is called
        """Count one answer. Codes and statuses are ours alone, so there are few of them."""
        kind = (outcome.code, outcome.status)
        try:
            self._answers[kind] += 1
        except KeyError:
            self._answers[kind] = 1

    def text(self, states: Mapping[str, AccessState]) -> str:
        """Return all metrics; ``states`` says where each profile's story stands."""
        return "".join(
            [
                *self._answers_text(),
                *_profiles_text(states, self._clock.now()),
                *_process_text(),
            ]
        )

    def _answers_text(self) -> Iterator[str]:
        yield from _family(
            "cone_answers_total",
            "counter",
            "Answers to SDKs, and credentials given out through the unix socket.",
            (
                ({"outcome": code, "status": str(status)}, count)
                for (code, status), count in self._answers.items()
            ),
        )


def _profiles_text(states: Mapping[str, AccessState], now: datetime) -> Iterator[str]:
    def left(end: Callable[[AccessState], datetime | None]) -> Iterator[Sample]:
        for profile, state in shown:
            if moment := end(state):
                yield {"profile": profile}, int((moment - now).total_seconds())

    shown = list(islice(states.items(), MOST_PROFILES))
    yield from _family(
        "cone_profiles",
        "gauge",
        f"Profiles there are; {MOST_PROFILES} of them at most have metrics of their own.",
        [({}, len(states))],
    )
    yield from _family(
        "cone_profile_state",
        "gauge",
        "1 for the state that the profile's access is in.",
        (({"profile": profile, "state": str(state.phase)}, 1) for profile, state in shown),
    )
    yield from _family(
        "cone_profile_expires_seconds",
        "gauge",
        "Seconds left of the credentials that are kept.",
        left(lambda state: state.expires),
    )
    yield from _family(
        "cone_profile_grant_ends_seconds",
        "gauge",
        "Seconds left of the grant.",
        left(lambda state: state.grant_ends),
    )


def _process_text() -> Iterator[str]:
    """Tell of this process, by the names that client libraries use; nothing where there is no /proc."""
    for name, meaning, look in (
        ("process_resident_memory_bytes", "Resident memory size in bytes.", _resident_bytes),
        (
            "process_start_time_seconds",
            "Start time of the process since unix epoch in seconds.",
            _start_time,
        ),
        ("process_open_fds", "Number of open file descriptors.", _open_files),
    ):
        with contextlib.suppress(OSError, ValueError):
            yield from _family(name, "gauge", meaning, [({}, look())])


def _resident_bytes() -> float:
    """Read the second field of ``statm``, in pages (proc(5))."""
    return int((PROCESS / "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _start_time() -> float:
    """Add the ticks from boot to this process's start to the time of the boot (proc(5))."""
    booted = BOOT.read_text().partition("\nbtime ")[2].partition("\n")[0]
    return int(booted) + int(process_started(os.getpid())) / os.sysconf("SC_CLK_TCK")


def _open_files() -> float:
    return sum(1 for _ in (PROCESS / "fd").iterdir())


def _family(
    name: str, kind: str, meaning: str, samples: Iterator[Sample] | list[Sample]
) -> Iterator[str]:
    yield f"# HELP {name} {meaning}\n# TYPE {name} {kind}\n"
    for labels, value in samples:
        printed = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels.items())
        yield f"{name}{{{printed}}} {value}\n" if printed else f"{name} {value}\n"


def _escaped(text: str) -> str:
    """Escape a label's value; what isn't text (a name read from a broken file) is told as such."""
    clean = text.encode("utf-8", "backslashreplace").decode()
    return clean.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
