"""The warm path of ``cone aws credentials``: print what is fresh, before anything else is imported."""

import os
import time

from cone_sidecar.warm_file import WarmEntry

# Go SDKs kill the process after 60 seconds (sdk-contract §4.3).
WAIT_LIMIT_S = 53.0
STARTED = time.monotonic()  # noqa: TID251 -- the warm path's clock
STDOUT, STDERR = 1, 2


def answer(profile: str) -> int | None:
    """Print the profile's credentials if they are warm, or what another process just found out.

    Returns:
        The exit code; None when this process has to tell the story, and holds the lock for it.
    """
    entry = WarmEntry(profile, os.environ)
    if _print_warm(entry):
        return 0
    return await_leader(entry)


def time_left_s() -> float:
    """Return the seconds that this process may still take."""
    return max(0.0, WAIT_LIMIT_S - (time.monotonic() - STARTED))  # noqa: TID251 -- as above


def await_leader(entry: WarmEntry, *, anew: bool = False) -> int | None:
    """Wait for the process that renews ``entry``; returns as :func:`answer` does.

    ``anew`` is for a person who asks in other words: how another request ended is no answer to that.
    """
    arrived = time.time()  # noqa: TID251 -- the warm path's clock
    for leads in entry.contend(time_left_s()):
        if _print_warm(entry):
            return 0
        if leads:
            outcome = entry.outcome(arrived)
            if outcome is None or anew:
                return None
            exit_code, text = outcome
            _write(STDERR, text)
            return exit_code
    _write(STDERR, "another cone process is still getting these credentials. Retry shortly\n")
    return 1


def _print_warm(entry: WarmEntry) -> bool:
    document = entry.warm_document()
    if document is None:
        return False
    _write(STDOUT, document + "\n")
    return True


def _write(descriptor: int, text: str) -> None:
    data = text.encode("utf-8", "surrogateescape")
    while data:
        data = data[os.write(descriptor, data) :]
