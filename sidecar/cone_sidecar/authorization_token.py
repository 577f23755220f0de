"""The token that opens the credentials listener, the tokens that open one profile, and their files."""

import base64
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from pathlib import Path

from cone_sidecar.atomic_file import PRIVATE_FILE, write_atomically
from cone_sidecar.errors import ConfigurationError
from cone_sidecar.profile_slugs import may_be_made, slug
from cone_sidecar.secret import Secret

SHORTEST = 32
RANDOM_BYTES = 32
PROFILE = "profile"
SLUG = "slug"
# What every client sends unchanged (sdk-contract §6, rule 5), a scheme before it included.
ALPHABET = re.compile(r"(?:Bearer )?[A-Za-z0-9._~+/=-]+")
GOOD = f"{SHORTEST} characters or more of A-Z a-z 0-9 ._~+/=- without a newline"


@dataclass(frozen=True, slots=True)
class FileAccess:
    """Who may read a file beside its owner: permission bits, and the id of a group."""

    mode: int = PRIVATE_FILE
    group: int | None = None


PRIVATE = FileAccess()


def profile_token(token: Secret, profile: str) -> Secret:
    """Return the token that opens one profile alone, derived from the one that opens all."""
    fit = slug(profile)
    return _derived(token, PROFILE if fit == profile else SLUG, fit)


def tokens_at(token: Secret, segment: str) -> tuple[Secret, ...]:
    """Return the tokens of whatever profile ``segment`` of a URL may mean.

    A profile may be called what another one's slug is: each has its own token all the same.
    """
    own = profile_token(token, segment)
    if slug(segment) == segment and may_be_made(segment):
        return own, _derived(token, SLUG, segment)
    return (own,)


def _derived(token: Secret, purpose: str, text: str) -> Secret:
    message = f"cone-sidecar {purpose} {text}".encode()
    digest = hmac.digest(token.reveal().encode(), message, hashlib.sha256)
    return Secret(base64.urlsafe_b64encode(digest).rstrip(b"=").decode())


def stated_token(text: str, *, where: str) -> Secret:
    """Return the token that ``where`` states.

    Raises:
        ConfigurationError: It is no good token.
    """
    if len(text) < SHORTEST or not ALPHABET.fullmatch(text):
        raise ConfigurationError(
            f"{where} holds no token of {GOOD}", hint='make one: "$(openssl rand -hex 32)"'
        )
    return Secret(text)


def token_in(path: Path) -> Secret:
    """Return the token in ``path``.

    Raises:
        ConfigurationError: The file can't be read, or holds no good token.
    """
    try:
        return _read(path)
    except FileNotFoundError as error:
        raise _unreadable(path) from error


def token_in_or_made(path: Path, access: FileAccess = PRIVATE) -> Secret:
    """Return the token in ``path``, made there if there is no such file.

    Raises:
        ConfigurationError: The file can't be read or written, or holds no good token.
    """
    try:
        return _read(path)
    except FileNotFoundError:
        token = Secret(secrets.token_urlsafe(RANDOM_BYTES))
    write_token(path, token, access)
    return token


def write_token(path: Path, token: Secret, access: FileAccess = PRIVATE) -> None:
    """Write a token file: exactly what goes into the header.

    Clients that read the file fail on a newline at its end, so none is written (rule 4).

    Raises:
        ConfigurationError: The file can't be written.
    """
    try:
        write_atomically(path, token.reveal().encode(), mode=access.mode, group=access.group)
    except OSError as error:
        raise ConfigurationError(
            f"the token file {path} can't be written: {error.strerror or 'write failed'}",
            hint="name another one, or check --token-file-mode and --token-file-group",
        ) from error


def _read(path: Path) -> Secret:
    try:
        text = path.read_text(encoding="ascii")
    except FileNotFoundError:
        raise
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(path) from error
    if len(text) < SHORTEST or not ALPHABET.fullmatch(text):
        raise ConfigurationError(
            f"the token file {path} holds no token of {GOOD}",
            hint=f"remove the file to have one made: rm {path}",
        )
    return Secret(text)


def _unreadable(path: Path) -> ConfigurationError:
    return ConfigurationError(
        f"the token file {path} can't be read", hint="name another one: --token-file F"
    )
