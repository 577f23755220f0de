"""A lock among processes, held on a file beside what it guards."""

from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from pathlib import Path

from cone_sidecar.atomic_file import PRIVATE_FILE, make_private
from cone_sidecar.clock import Clock

PAUSE_S = 0.05


class LockHeld(Exception):
    """Another process holds the lock."""


@contextmanager
def file_lock(path: Path, *, limit_s: float) -> Iterator[None]:
    """Hold the lock of ``path`` inside the block; the kernel frees it should this process die.

    Raises:
        LockHeld: It wasn't free within ``limit_s`` seconds.
        OSError: Its file can't be made.
    """
    # Importing it costs 10 ms, and most commands take no lock.
    from filelock import FileLock, Timeout  # noqa: PLC0415 -- as said above

    make_private(path.parent)
    lock = FileLock(path, mode=PRIVATE_FILE)
    try:
        lock.acquire(timeout=limit_s)
    except Timeout:
        raise LockHeld from None
    try:
        yield
    finally:
        lock.release()


@asynccontextmanager
async def waited_file_lock(path: Path, clock: Clock, *, limit_s: float) -> AsyncIterator[None]:
    """Hold the lock inside the block, waiting for it without blocking the event loop; raises as above."""
    started = clock.monotonic()
    with ExitStack() as stack:
        while True:
            try:
                stack.enter_context(file_lock(path, limit_s=0))
                break
            except LockHeld:
                if clock.monotonic() - started > limit_s:
                    raise
                await clock.sleep(PAUSE_S)
        yield
