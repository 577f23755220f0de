"""Where audit lines end: a file that may be rotated or removed, or a descriptor that is there already."""

import errno
import os
import select
from pathlib import Path
from typing import Protocol

from cone_sidecar.ascii_text import ascii_text
from cone_sidecar.atomic_file import PRIVATE_FILE
from cone_sidecar.errors import ConfigurationError

# Nothing of a file's is followed to elsewhere; what is a pipe by name must not hold up the start.
FLAGS = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
READER_LIMIT_S = 1.0
# What the kernel says of the flags above, in words that say which it is.
REASONS = {errno.ELOOP: "it is a symbolic link", errno.ENXIO: "it is a pipe that nobody reads"}


class AuditOutput(Protocol):
    """Take bytes, on a thread that may wait for a while."""

    def renewed(self) -> bool:
        """Tell whether what is written next lands in another file than what was written before.

        Raises:
            OSError: It can't be found out, or not be opened.
        """

    def write(self, data: memoryview) -> int:
        """Write some of ``data``; returns how much.

        Raises:
            OSError: Nothing could be written for now.
        """

    def close(self) -> None:
        """Let go of it."""


class AuditFile:
    """Append to the file at ``path``, for its owner alone; follow it when it is rotated.

    Raises:
        ConfigurationError: It can't be written.
    """

    def __init__(self, path: Path) -> None:
        # Whoever changes the working directory later doesn't mean this file.
        self._path = path.absolute()
        try:
            self._descriptor = self._open()
        except OSError as error:
            raise ConfigurationError(
                f"the audit file {ascii_text(str(path))} can't be written: {_reason(error)}",
                hint="name another one, or have the lines on stdout: --audit stdout",
            ) from error

    def renewed(self) -> bool:
        """Open the file anew where it was renamed away or removed; tells whether it was."""
        if self._in_place():
            return False
        descriptor = self._open()
        os.close(self._descriptor)
        self._descriptor = descriptor
        return True

    def write(self, data: memoryview) -> int:
        """Write some of ``data``; returns how much. What is a pipe by name is waited for a second.

        Raises:
            OSError: The disk is full, or nobody reads it.
        """
        _wait_for_room(self._descriptor)
        return os.write(self._descriptor, data)

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)

    def _open(self) -> int:
        return os.open(self._path, FLAGS, PRIVATE_FILE)

    def _in_place(self) -> bool:
        try:
            there = self._path.lstat()
        except FileNotFoundError:
            return False
        return os.path.samestat(there, os.fstat(self._descriptor))


class AuditStream:
    """Write to a descriptor that others use as well, so that its flags stay as they are."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def renewed(self) -> bool:
        """Say no: it is always the same."""
        return False

    def write(self, data: memoryview) -> int:
        """Write as much as a pipe takes at once, as soon as its reader makes room.

        Raises:
            OSError: Nobody reads it, or not for a second.
        """
        _wait_for_room(self._descriptor)
        return os.write(self._descriptor, data[: select.PIPE_BUF])

    def close(self) -> None:
        """Leave it to the others."""


def _wait_for_room(descriptor: int) -> None:
    poll = select.poll()
    poll.register(descriptor, select.POLLOUT)
    if not poll.poll(READER_LIMIT_S * 1000):
        raise TimeoutError(None, "nobody reads it")


def _reason(error: OSError) -> str:
    return REASONS.get(error.errno or 0) or (error.strerror or "write failed").lower()
