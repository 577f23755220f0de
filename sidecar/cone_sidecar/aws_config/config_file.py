"""The AWS config file on disk: read whole, changed under a lock, replaced in one step."""

import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from cone_sidecar.ascii_text import ascii_text
from cone_sidecar.atomic_file import existing_mode, write_atomically
from cone_sidecar.aws_config.document import AwsConfigDocument
from cone_sidecar.errors import ConfigurationError
from cone_sidecar.file_lock import LockHeld, file_lock
from cone_sidecar.warm_file import aws_config_path

LOCK_TIMEOUT_S = 10
BACKUP_SUFFIX = ".cone-backup"


class AwsConfigFile:
    """Read and change one AWS config file; a missing one is empty."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.new_backup: Path | None = None

    @property
    def backup_path(self) -> Path:
        """Return where the file is kept as it was before our first change: beside it."""
        return self.path.with_name(f"{self.path.name}{BACKUP_SUFFIX}")

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> "AwsConfigFile":
        """Return the file that ``AWS_CONFIG_FILE`` names, else ``~/.aws/config``."""
        return cls(Path(aws_config_path(environment)))

    @property
    def lock_path(self) -> Path:
        """Return the file whose lock a change holds."""
        return self.path.with_name(f".{self.path.name}.cone.lock")

    def stamp(self) -> tuple[int, int, int]:
        """Return what changes when the file does: modification time in ns, size, inode."""
        try:
            found = self.path.stat()
        except OSError:
            return (0, 0, 0)
        return (found.st_mtime_ns, found.st_size, found.st_ino)

    def read(self) -> AwsConfigDocument:
        """Read the file.

        Raises:
            ConfigurationError: It can't be read, or AWS tools couldn't.
        """
        try:
            document = AwsConfigDocument.parse(self.path.read_bytes())
        except FileNotFoundError:
            return AwsConfigDocument()
        except (OSError, ValueError) as error:
            raise self._error("can't be read", error, f"make it readable: {self.path}") from error
        if line := document.malformed_line:
            raise ConfigurationError(
                f"{ascii_text(str(self.path))} is malformed at line {line}",
                hint=f"make line {line} of {self.path} a [section], a key = value or a # comment",
            )
        return document

    @contextmanager
    def change(self) -> Iterator[AwsConfigDocument]:
        """Read the file under a lock, and write it in one step if it was changed.

        Before the first change ever, what it holds is kept in :attr:`backup_path`; :attr:`new_backup` is that
        path where this was the change. The backup is never written again.

        Raises:
            ConfigurationError: It can't be read or written. It is as it was.
        """
        lock_path = self.lock_path
        try:
            self._check_writable()
            with file_lock(lock_path, limit_s=LOCK_TIMEOUT_S):
                document = self.read()
                before = document.render()
                yield document
                if (after := document.render()) != before:
                    self._back_up(before)
                    write_atomically(self.path, after)
        except LockHeld as error:
            raise ConfigurationError(
                "another process holds the lock of the AWS config file",
                hint=f"retry; if nothing else is running, delete {lock_path}",
            ) from error
        except OSError as error:
            fix = f"make it writable: {self._what_is_read_only(error)}"
            raise self._error("can't be written", error, fix) from error

    def _back_up(self, data: bytes) -> None:
        """Keep ``data`` where nothing is kept yet, and where there is anything to lose."""
        if data and not os.path.lexists(self.backup_path):
            # A backup behind a link would be another's file.
            mode = existing_mode(self.path)
            write_atomically(self.backup_path, data, mode=mode, follow=False)
            self.new_backup = self.backup_path

    def _check_writable(self) -> None:
        """A rename would replace also what may not be written, or is no file: ``/dev/null``."""
        try:
            mode = self.path.stat().st_mode
        except FileNotFoundError:
            return
        if not stat.S_ISREG(mode):
            raise ConfigurationError(
                f"{ascii_text(str(self.path))} is not a regular file",
                hint="set AWS_CONFIG_FILE to a file, or unset it to use ~/.aws/config",
            )
        if not os.access(self.path, os.W_OK):
            raise PermissionError(None, "permission denied")

    def _error(self, what: str, cause: Exception, fix: str) -> ConfigurationError:
        reason = (cause.strerror if isinstance(cause, OSError) else None) or "not a usable path"
        return ConfigurationError(
            f"{ascii_text(str(self.path))} {what}: {reason.lower()}",
            hint=f"{fix}, or set AWS_CONFIG_FILE to another file",
        )

    def _what_is_read_only(self, cause: OSError) -> Path:
        """Return the directory where what lies beside the file couldn't be made, else the file."""
        beside = cause.filename and Path(cause.filename) != self.path
        return Path(cause.filename).parent if beside else self.path
