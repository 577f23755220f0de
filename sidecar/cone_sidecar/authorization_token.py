"""The token that opens the credentials listener, the tokens that open one profile, and their files."""

import base64
import errno
import hashlib
import hmac
import logging
import os
import re
import secrets
import stat
from dataclasses import dataclass
from pathlib import Path

from cone_sidecar.atomic_file import PRIVATE_FILE, write_atomically
from cone_sidecar.errors import ConfigurationError
from cone_sidecar.profile_slugs import may_be_made, slug
from cone_sidecar.secret import Secret

SHORTEST = 32
LARGEST = 4096
OTHERS_WRITE = 0o022
EVERYBODY_WRITES = 0o002
EVERYBODY_READS = 0o004
RANDOM_BYTES = 32
PROFILE = "profile"
SLUG = "slug"
# What every client sends unchanged (sdk-contract §6, rule 5), a scheme before it included.
ALPHABET = re.compile(r"(?:Bearer )?[A-Za-z0-9._~+/=-]+")
GOOD = f"{SHORTEST} characters or more of A-Z a-z 0-9 ._~+/=- without a newline"

logger = logging.getLogger(__name__)


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
    if not SHORTEST <= len(text) <= LARGEST or not ALPHABET.fullmatch(text):
        raise ConfigurationError(
            f"{where} holds no token of {GOOD}", hint='make one: "$(openssl rand -hex 32)"'
        )
    return Secret(text)


def token_in(path: Path) -> Secret:
    """Return the token in ``path``.

    Raises:
        ConfigurationError: The file can't be read, may be written by everybody, or holds no good token.
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
        data = token.reveal().encode()
        # A container that may write in its volume must not make us write anywhere else.
        write_atomically(path, data, mode=access.mode, group=access.group, follow=False)
    except OSError as error:
        raise ConfigurationError(
            f"the token file {path} can't be written: {(error.strerror or 'write failed').lower()}",
            hint=_remedy(error, path),
        ) from error


def _remedy(error: OSError, path: Path) -> str:
    if isinstance(error, PermissionError) and not os.access(path.parent, os.W_OK | os.X_OK):
        return f"let user {os.geteuid()} write in {path.parent}, or name another file"
    return "name another one, or check --token-file-mode and --token-file-group"


def keep_token_file(path: Path, token: Secret, access: FileAccess | None) -> None:
    """See to it that a token file which was there already is for whom ``access`` says, if that was said.

    A file that somebody else provides, such as a mounted secret, stays as it is otherwise.

    Raises:
        ConfigurationError: It can't be changed.
    """
    try:
        found = path.stat()
    except OSError as error:
        raise _unreadable(path) from error
    mode = stat.S_IMODE(found.st_mode)
    if access is None:
        if mode & EVERYBODY_READS:
            logger.warning("everybody on this machine can read the token: chmod o-r %s", path)
    elif mode & ~access.mode or access.group not in (None, found.st_gid):
        write_token(path, token, access)


def _read(path: Path) -> Secret:
    try:
        text = _content(path).decode("ascii")
    except FileNotFoundError:
        raise
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(path) from error
    if not SHORTEST <= len(text) <= LARGEST or not ALPHABET.fullmatch(text):
        raise ConfigurationError(
            f"the token file {path} holds no token of {GOOD}",
            hint=f"remove the file to have one made: rm {path}",
        )
    return Secret(text)


def _content(path: Path) -> bytes:
    """Read a small file; whatever else stands there under its name holds nobody up.

    Whoever may write it would say himself which token is right.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        mode = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(mode):
            raise OSError(errno.EINVAL, "not a file")
        if mode & EVERYBODY_WRITES:
            raise ConfigurationError(
                f"the token file {path} can be written by everybody", hint=f"chmod o-w {path}"
            )
        return os.read(descriptor, LARGEST + 1)
    finally:
        os.close(descriptor)


def _unreadable(path: Path) -> ConfigurationError:
    return ConfigurationError(
        f"the token file {path} can't be read", hint="name another one: --token-file F"
    )
