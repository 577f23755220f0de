"""The secrets of a sidecar, read or made before it listens."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from cone_sidecar.atomic_file import make_private
from cone_sidecar.authorization_token import (
    OTHERS_WRITE,
    PRIVATE,
    FileAccess,
    keep_token_file,
    token_in,
    token_in_or_made,
    write_token,
)
from cone_sidecar.authorization_tokens import AuthorizationTokens
from cone_sidecar.clock import SystemClock
from cone_sidecar.endpoint_settings import TOKEN_VARIABLE, EndpointSettings
from cone_sidecar.errors import ConfigurationError, UsageError
from cone_sidecar.profile_token_files import ProfileTokenFiles
from cone_sidecar.secret import Secret

TOKEN_FILE_NAME = "authorization-token"  # noqa: S105 -- a file's name
MANAGEMENT_FILE_NAME = "management-token"
PROFILES_DIRECTORY = "tokens"


@dataclass(frozen=True, slots=True)
class EndpointTokens:
    """What opens the listeners; ``tokens`` and ``files`` are None where credentials need no token."""

    file: Path
    tokens: AuthorizationTokens | None
    files: ProfileTokenFiles | None
    management_file: Path
    management_secret: Secret


def endpoint_tokens(endpoint: EndpointSettings, state: Path) -> EndpointTokens:
    """Read the tokens, or make them; write the files that were asked for.

    Raises:
        ConfigurationError: A file can't be read or written, or holds no good token.
    """
    _refuse_open_state(state)
    management_file = state / MANAGEMENT_FILE_NAME
    management_secret = token_in_or_made(management_file)
    file = endpoint.token_file or state / TOKEN_FILE_NAME
    _hold_apart(endpoint, file, management_file)
    if endpoint.no_token:
        return EndpointTokens(file, None, None, management_file, management_secret)
    # Modes and groups are for volumes that containers share; the state is nobody else's.
    access = (endpoint.token_access if endpoint.token_file else None) or PRIVATE
    tokens = AuthorizationTokens(
        _master_token(endpoint, file, access),
        clock=SystemClock(),
        file=file,
        grace=endpoint.token_grace,
    )
    files = ProfileTokenFiles(
        tokens,
        state / _profiles_directory(endpoint.token_file),
        placed=endpoint.profile_token_files,
        access=endpoint.token_access or PRIVATE,
    )
    files.place()
    return EndpointTokens(file, tokens, files, management_file, management_secret)


def _master_token(endpoint: EndpointSettings, file: Path, access: FileAccess) -> Secret:
    """Return the token that opens every profile; afterwards it is in ``file``, for whom ``access`` says."""
    stated = endpoint.token
    if not stated:
        token = token_in_or_made(file, access)
        if endpoint.token_file:
            keep_token_file(file, token, endpoint.token_access)
        return token
    replaces = bool(endpoint.token_stated_in)
    if endpoint.token_file and not replaces and file.exists() and token_in(file) != stated:
        raise UsageError(
            f"{TOKEN_VARIABLE} is another token than the one in {file}",
            hint=f"unset {TOKEN_VARIABLE}, or: rm {file}",
        )
    write_token(file, stated, access)
    return stated


def replace_stated_token(endpoint: EndpointSettings, tokens: EndpointTokens) -> None:
    """Put the token that a file states now into the token file, which is watched.

    Raises:
        ConfigurationError: It can't be written.
    """
    if not (endpoint.token_stated_in and tokens.tokens):
        return
    try:
        replaced = token_in(tokens.file) != endpoint.token
    except ConfigurationError:
        # Removed, or spoilt: the other file says what belongs into it.
        replaced = True
    if replaced:
        access = (endpoint.token_access if endpoint.token_file else None) or PRIVATE
        write_token(tokens.file, endpoint.token, access)


def _profiles_directory(token_file: Path | None) -> str:
    """Return the directory for profiles' tokens: two sidecars of one user may have tokens of their own."""
    if token_file is None:
        return PROFILES_DIRECTORY
    digest = hashlib.sha256(os.fsencode(os.path.realpath(token_file))).hexdigest()
    return f"{PROFILES_DIRECTORY}-{digest[:8]}"


def _refuse_open_state(state: Path) -> None:
    """See to it that nobody else can put files of his own in the place of ours.

    Raises:
        ConfigurationError: Somebody can.
    """
    make_private(state)
    found = state.stat()
    if found.st_mode & OTHERS_WRITE or found.st_uid not in {os.geteuid(), 0}:
        raise ConfigurationError(
            f"{state} can be written by others than its user",
            hint=f"chmod 0700 {state}, as its owner",
        )


def _hold_apart(endpoint: EndpointSettings, file: Path, management_file: Path) -> None:
    """See to it that no two files are the same: one would be taken for the other.

    Raises:
        UsageError: Two are.
    """
    followed = [file, management_file]
    if endpoint.token_stated_in:
        followed.append(Path(endpoint.token_stated_in))
    if endpoint.audit not in {"", "off", "stdout"}:
        followed.append(Path(endpoint.audit))
    # A profile's file that is a link, as a container may make one, is replaced: where it lies counts.
    places = [
        str(Path(os.path.realpath(path.parent), path.name))
        for path in endpoint.profile_token_files.values()
    ]
    seen: set[str] = set()
    for place in (*places, *map(os.path.realpath, followed)):
        if place in seen:
            raise UsageError(
                f"{place} is meant to be two files at once",
                hint="give each token a file of its own",
            )
        seen.add(place)
