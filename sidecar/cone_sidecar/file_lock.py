"""A lock among processes, held on a file beside what it guards."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cone_sidecar.atomic_file import PRIVATE_FILE, make_private


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
    from filelock import FileLock, Timeout  # noqa: PLC0415

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
