"""The token that opens the credentials listener, and the 0600 file that it lives in."""

import re
import secrets
from pathlib import Path

from cone_sidecar.atomic_file import write_atomically
from cone_sidecar.errors import ConfigurationError
from cone_sidecar.secret import Secret

SHORTEST = 32
RANDOM_BYTES = 32
# What every client sends unchanged (sdk-contract §6, rule 5), a scheme before it included.
ALPHABET = re.compile(r"(?:Bearer )?[A-Za-z0-9._~+/=-]+")


def token_in(path: Path) -> Secret:
    """Return the token in ``path``.

    Raises:
        ConfigurationError: The file can't be read, or holds no good token.
    """
    try:
        return _read(path)
    except FileNotFoundError as error:
        raise _unreadable(path) from error


def token_in_or_made(path: Path) -> Secret:
    """Return the token in ``path``, made there if there is no such file.

    Clients that read the file fail on a newline at its end, so none is written (rule 4).

    Raises:
        ConfigurationError: The file can't be read or written, or holds no good token.
    """
    try:
        return _read(path)
    except FileNotFoundError:
        token = secrets.token_urlsafe(RANDOM_BYTES)
    try:
        write_atomically(path, token.encode(), mode=0o600)
    except OSError as error:
        raise ConfigurationError(
            f"the token file {path} can't be written: {error.strerror or 'write failed'}",
            hint="name another one: --token-file F",
        ) from error
    return Secret(token)


def _read(path: Path) -> Secret:
    try:
        text = path.read_text(encoding="ascii")
    except FileNotFoundError:
        raise
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(path) from error
    if len(text) < SHORTEST or not ALPHABET.fullmatch(text):
        raise ConfigurationError(
            f"the token file {path} holds no token of {SHORTEST} characters or more of A-Z a-z 0-9 "
            "._~+/=- without a newline",
            hint=f"remove the file to have one made: rm {path}",
        )
    return Secret(text)


def _unreadable(path: Path) -> ConfigurationError:
    return ConfigurationError(
        f"the token file {path} can't be read", hint="name another one: --token-file F"
    )
