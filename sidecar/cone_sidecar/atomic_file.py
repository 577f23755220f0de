"""Write a file so that a reader, or a crash, sees the old one or the new one and never a part."""

import contextlib
import os
import stat
import tempfile
from pathlib import Path

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

    Missing directories are made 0700.

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
    if mode is None:
        mode = existing_mode(target)
    descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            if group is not None:
                os.fchown(file.fileno(), -1, group)
            os.fchmod(file.fileno(), mode)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(target)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            Path(name).unlink()
        raise


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
