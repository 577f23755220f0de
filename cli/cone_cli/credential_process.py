"""The warm path of ``cone aws credentials``: print what is fresh, before anything else is imported."""

import os
import time

from cone_sidecar.warm_file import WarmEntry

# Go SDKs kill the process after 60 seconds (sdk-contract §4.3).
WAIT_LIMIT_S = 53.0
STARTED = time.monotonic()  # noqa: TID251 -- the warm path's clock
STDOUT, STDERR = 1, 2
FAILED = 1
STILL_PROCESSING = 'request for "{profile}" is still processing. Retry the command shortly'
UNWRITABLE = "stdout can't be written: {reason}"


def answer(profile: str) -> int | None:
    """Print the profile's credentials if they are warm, or what another process just found out.

    Returns:
        The exit code; None when this process has to tell the story, and holds the lock for it.
    """
    entry = WarmEntry(profile, os.environ)
    exit_code = _print_warm(entry)
    return await_leader(profile, entry, time_left_s()) if exit_code is None else exit_code


def time_left_s() -> float:
    """Return the seconds that this process may still take."""
    return max(0.0, WAIT_LIMIT_S - time_taken_s())


def time_taken_s() -> float:
    """Return the seconds that this process has taken."""
    return time.monotonic() - STARTED  # noqa: TID251 -- as above


def await_leader(
    profile: str, entry: WarmEntry, limit_s: float, *, anew: bool = False
) -> int | None:
    """Wait ``limit_s`` seconds for the process that renews ``entry``; returns as :func:`answer` does.

    ``anew`` is for a person who asks in other words: how another request ended is no answer to that.
    """
    arrived = time.time()  # noqa: TID251 -- the warm path's clock
    for leads in entry.contend(limit_s):
        if (exit_code := _print_warm(entry)) is not None:
            return exit_code
        if leads:
            return None if anew else _print_outcome(entry, arrived)
    return _say_in_work(profile)


def answer_at_once(entry: WarmEntry, *, anew: bool) -> int | None:
    """Return as :func:`await_leader` does, without waiting and without the lock."""
    exit_code = _print_warm(entry)
    if exit_code is not None or anew:
        return exit_code
    return _print_outcome(entry, time.time())  # noqa: TID251 -- the warm path's clock


def _print_warm(entry: WarmEntry) -> int | None:
    document = entry.warm_document()
    if document is None:
        return None
    try:
        _write(STDOUT, document + "\n")
    except BrokenPipeError:
        raise
    except OSError as error:
        reason = UNWRITABLE.format(reason=(error.strerror or "no reason given").lower())
        _write(STDERR, f"cone: error: {reason}\n")
        return FAILED
    return 0


def _print_outcome(entry: WarmEntry, arrived: float) -> int | None:
    outcome = entry.outcome(arrived)
    if outcome is None:
        return None
    exit_code, text = outcome
    _write(STDERR, text)
    return exit_code


def _say_in_work(profile: str) -> int:
    _write(STDERR, STILL_PROCESSING.format(profile=profile) + "\n")
    return FAILED


def _write(descriptor: int, text: str) -> None:
    data = text.encode("utf-8", "surrogateescape")
    while data:
        data = data[os.write(descriptor, data) :]
