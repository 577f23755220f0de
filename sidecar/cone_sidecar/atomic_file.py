"""Write a file so that a reader, or a crash, sees the old one or the new one and never a part."""

import contextlib
import fcntl
import os
import stat
import tempfile
from pathlib import Path

SUFFIX = ".cone-new"
# By the clock of the file system.
YOUNG_S = 60
PRIVATE_FILE = 0o600
PRIVATE_DIRECTORY = 0o700


def write_atomically(
    path: Path,
    data: bytes,
    *,
    mode: int | None = None,
    group: int | None = None,
    follow: bool = True,
) -> None:
    """Replace ``path`` with ``data``: a new file beside it, synced, then renamed over it.

    Missing directories are made 0700. Owner, group and extended attributes (access lists are some) of what
    is replaced are kept as far as we may set them. A hard link to the old file goes on having its content.

    Args:
        path: The file to write.
        data: Its whole new content.
        mode: Permission bits; by default those of the file that is replaced, else 0600.
        group: The id of the group that it is to belong to.
        follow: Follow a symbolic link, so that it goes on being one; else it is what is replaced, which is
            right where others may write in the directory.

    Raises:
        OSError: The directory can't be written. The old file is as it was.
    """
    target = Path(os.path.realpath(path)) if follow else path
    make_private(target.parent)
    descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=SUFFIX, dir=target.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _remove_leftovers(target, os.fstat(file.fileno()).st_mtime)
            old_mode = existing_mode(target)
            # Where others may write in the directory, what lies there has nothing to say.
            if follow:
                _take_over(target, file.fileno())
            if group is not None:
                os.fchown(file.fileno(), -1, group)
            os.fchmod(file.fileno(), old_mode if mode is None else mode)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
            Path(name).replace(target)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            Path(name).unlink()
        raise
    _sync_directory(target.parent)


def make_private(directory: Path) -> None:
    """Make ``directory`` and what is missing above it, each for its owner alone."""
    missing = [directory, *directory.parents]
    for each in reversed([each for each in missing if not each.exists()]):
        each.mkdir(mode=PRIVATE_DIRECTORY, exist_ok=True)


def existing_mode(path: Path) -> int:
    """Return the permission bits of ``path``, or 0600 where there is no such file."""
    try:
        return stat.S_IMODE(path.stat().st_mode)
    except FileNotFoundError:
        return PRIVATE_FILE


def _take_over(target: Path, descriptor: int) -> None:
    """Give the new file the owner, the group and the attributes of ``target``, as far as we may."""
    try:
        old = target.stat()
    except FileNotFoundError:
        return
    new = os.fstat(descriptor)
    with contextlib.suppress(PermissionError):
        if old.st_gid != new.st_gid:
            os.fchown(descriptor, -1, old.st_gid)
        if old.st_uid != new.st_uid:
            os.fchown(descriptor, old.st_uid, -1)
    _copy_attributes(target, descriptor)


def _copy_attributes(source: Path, descriptor: int) -> None:
    """Copy extended attributes, where system and file system have them."""
    if not hasattr(os, "listxattr"):
        return
    with contextlib.suppress(OSError):
        for name in os.listxattr(source):
            with contextlib.suppress(OSError):
                os.setxattr(descriptor, name, os.getxattr(source, name))


def _sync_directory(directory: Path) -> None:
    """Make the rename outlast a loss of power; not every file system can."""
    with contextlib.suppress(OSError):
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _remove_leftovers(target: Path, now: float) -> None:
    """Remove what writers of ``target`` left that were killed: the kernel has freed their locks."""
    with contextlib.suppress(OSError):
        names = [each.name for each in os.scandir(target.parent)]
        prefix = f".{target.name}."
        for name in names:
            if name.startswith(prefix) and name.endswith(SUFFIX):
                _remove_abandoned(target.parent / name, now)


def _remove_abandoned(path: Path, now: float) -> None:
    with contextlib.suppress(OSError):
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            # Between its making and its lock a file of a living writer is empty and young.
            if now - os.fstat(descriptor).st_mtime < YOUNG_S:
                return
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink()
        finally:
            os.close(descriptor)
