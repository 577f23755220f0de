"""A unix socket that only its owner may open."""

import contextlib
import errno
import os
import socket
from collections.abc import Iterator
from pathlib import Path

from cone_sidecar.atomic_file import make_private
from cone_sidecar.errors import ConfigurationError

BACKLOG = 128
# Of 104 on macOS and 108 on Linux, the last one a zero.
LONGEST_PATH = 100
NOBODY_ELSE = 0o177
LOOK_LIMIT_S = 0.2
MAY_NOT_WRITE = (errno.EACCES, errno.EROFS)


def bind_unix(path: Path) -> socket.socket:
    """Bind and listen, mode 0600; what dead processes left beside it is removed.

    Raises:
        ConfigurationError: It can't be made.
    """
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        make_private(path.parent)
        for other in path.parent.glob(f"*{path.suffix}"):
            _remove_if_dead(other)
        mask = os.umask(NOBODY_ELSE)
        try:
            with _short(path) as short:
                listener.bind(short)
        finally:
            os.umask(mask)
        listener.listen(BACKLOG)
        listener.setblocking(False)  # noqa: FBT003 -- the standard library's signature
    except OSError as error:
        listener.close()
        reason = (error.strerror or str(error)).lower()
        hint = "set XDG_CACHE_HOME to a directory of yours"
        if error.errno in MAY_NOT_WRITE:
            # In a container, the place of another user's volume.
            hint = f"let user {os.geteuid()} write there, or set XDG_CACHE_HOME to where it may"
        raise ConfigurationError(f"can't listen on {path}: {reason}", hint=hint) from error
    return listener


def connect_unix(path: Path, *, limit_s: float) -> socket.socket:
    """Connect; each wait on the socket is limited.

    Raises:
        OSError: Nobody listens there.
    """
    caller = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        caller.settimeout(limit_s)
        with _short(path) as short:
            caller.connect(short)
    except BaseException:
        caller.close()
        raise
    return caller


def _remove_if_dead(path: Path) -> None:
    with contextlib.suppress(OSError):
        try:
            connect_unix(path, limit_s=LOOK_LIMIT_S).close()
        except ConnectionRefusedError:
            path.unlink()


@contextlib.contextmanager
def _short(path: Path) -> Iterator[str]:
    """Give a path that is short enough for the kernel, however long it is (unix(7))."""
    if len(os.fsencode(path)) < LONGEST_PATH:
        yield str(path)
        return
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{directory}/{path.name}"
    finally:
        os.close(directory)
