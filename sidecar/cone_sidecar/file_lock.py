"""A lock among processes, held on a file beside what it guards."""

import fcntl
import os
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from pathlib import Path

from cone_sidecar.atomic_file import PRIVATE_FILE, make_private
from cone_sidecar.clock import Clock, SystemClock

PAUSE_S = 0.05


class LockHeld(Exception):
    """Another process holds the lock."""


@contextmanager
def file_lock(path: Path, *, limit_s: float) -> Iterator[None]:
    """Hold the lock of ``path`` inside the block; the kernel frees it should this process die (flock(2)).

    Raises:
        LockHeld: It wasn't free within ``limit_s`` seconds.
        OSError: Its file can't be made.
    """
    clock, pause = SystemClock(), threading.Event()
    ends = clock.monotonic() + limit_s
    with ExitStack() as stack:
        while True:
            try:
                stack.enter_context(_locked(path))
                break
            except LockHeld:
                if clock.monotonic() >= ends:
                    raise
                pause.wait(PAUSE_S)
        yield


@asynccontextmanager
async def waited_file_lock(path: Path, clock: Clock, *, limit_s: float) -> AsyncIterator[None]:
    """Hold the lock inside the block, waiting for it without blocking the event loop; raises as above."""
    started = clock.monotonic()
    with ExitStack() as stack:
        while True:
            try:
                stack.enter_context(_locked(path))
                break
            except LockHeld:
                if clock.monotonic() - started > limit_s:
                    raise
                await clock.sleep(PAUSE_S)
        yield


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold the lock if it is free now; raises as above."""
    make_private(path.parent)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE_FILE)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LockHeld from None
        yield
    finally:
        os.close(descriptor)
