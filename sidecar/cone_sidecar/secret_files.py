"""Secrets in files: what a variable would state, where its ``…_FILE`` names a file that holds it.

As Docker and Kubernetes mount secrets. Files are read whenever a secret is needed: who replaces one, or the
directory that a link leads to, restarts nothing.
"""

import os
import stat
from collections.abc import Mapping

from cone_sidecar.ascii_text import ascii_text
from cone_sidecar.errors import ConfigurationError
from cone_sidecar.secret import Secret

CLIENT_ID_FILES = {
    "CONE_CLIENT_ID": "CONE_CLIENT_ID_FILE",
    "CONDUCTORONE_CLIENT_ID": "CONDUCTORONE_CLIENT_ID_FILE",
}
SECRET_FILES = {
    "CONE_CLIENT_SECRET": "CONE_CLIENT_SECRET_FILE",
    "CONDUCTORONE_CLIENT_SECRET": "CONDUCTORONE_CLIENT_SECRET_FILE",
    "CONDUCTORONE_ACCESS_TOKEN": "CONDUCTORONE_ACCESS_TOKEN_FILE",
    "CONDUCTORONE_OIDC_TOKEN": "CONDUCTORONE_OIDC_TOKEN_FILE",
    "CONE_AUTHORIZATION_TOKEN": "CONE_AUTHORIZATION_TOKEN_FILE",
}
FILE_VARIABLES = CLIENT_ID_FILES | SECRET_FILES
# A projected token with many claims has 4 KB.
LARGEST = 64 * 1024


class SecretFiles:
    """Read secrets where variables say they are.

    While a file is missing or being written, what it held when it was last read goes on being used.
    """

    def __init__(self) -> None:
        self._kept: dict[str, Secret] = {}

    def told(self, environment: Mapping[str, str], variable: str) -> Secret:
        """Return what ``variable`` states, itself or by its file; empty where neither is set.

        Raises:
            ConfigurationError: Both are set, or the file can't be used and never could.
        """
        path = file_of(environment, variable)
        if path:
            return self.read(path, FILE_VARIABLES[variable])
        return Secret(environment.get(variable, ""))

    def read(self, path: str, variable: str) -> Secret:
        """Return what the file at ``path`` holds, without a newline at its end.

        Raises:
            ConfigurationError: It can't be used, and never could; says that ``variable`` names it.
        """
        try:
            found = read_secret(path, variable)
        except ConfigurationError:
            if path in self._kept:
                return self._kept[path]
            raise
        self._kept[path] = found
        return found


def file_of(environment: Mapping[str, str], variable: str) -> str:
    """Return the path of the file that holds what ``variable`` would; empty where none is named.

    Raises:
        ConfigurationError: Variable and file are both set.
    """
    path = environment.get(FILE_VARIABLES[variable], "")
    if path and environment.get(variable):
        raise ConfigurationError(
            f"{variable} and {FILE_VARIABLES[variable]} are both set", hint=f"unset {variable}"
        )
    return path


def read_secret(path: str, variable: str) -> Secret:
    """Return the one line that the file at ``path`` holds; raises as :meth:`SecretFiles.read` does."""
    name = _named(path, variable)
    try:
        # A pipe that nobody writes to would be waited for.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise ConfigurationError(
                    f"{name} is no regular file",
                    hint=f"write the secret into a file of its own: {path}",
                )
            data = os.read(descriptor, LARGEST + 1)
        finally:
            os.close(descriptor)
    except (OSError, ValueError) as error:
        reason = (isinstance(error, OSError) and error.strerror) or "not a usable path"
        raise ConfigurationError(
            f"{name} can't be read: {reason.lower()}",
            hint=_remedy(error, path, variable),
        ) from error
    return Secret(_one_line(data, name))


def _named(path: str, variable: str) -> str:
    """Return how errors call the file."""
    return f"{ascii_text(path)} ({variable})" if _shown(path) else f"the file that {variable} names"


def _shown(path: str) -> bool:
    """Tell whether ``path`` may be told: what looks like none may be the secret."""
    return path.startswith("/") or os.path.lexists(path)


def _remedy(error: Exception, path: str, variable: str) -> str:
    if isinstance(error, PermissionError):
        # Compose mounts a secret's file with the mode and the owner that it has on the host.
        return f"let user {os.geteuid()} read it (its mode, or its owner, where it is mounted from)"
    place = f"at {ascii_text(path)}" if _shown(path) else "somewhere, and name that place"
    return f"mount the secret {place}, or unset {variable}"


def _one_line(data: bytes, name: str) -> str:
    if len(data) > LARGEST:
        raise ConfigurationError(
            f"{name} is larger than any secret: more than {LARGEST // 1024} KiB",
            hint="check which file is named there",
        )
    line = data.removesuffix(b"\n").removesuffix(b"\r")
    if not line:
        raise ConfigurationError(f"{name} is empty", hint="write the secret into it")
    if not all(0x20 <= byte <= 0x7E for byte in line) or line != line.strip():  # noqa: PLR2004 -- ASCII that is printed
        raise ConfigurationError(
            f"{name} holds no single line of plain text",
            hint="write the secret alone into it, as it would stand in the variable",
        )
    return line.decode("ascii")
