"""The secrets of a sidecar, read or made before it listens."""

from dataclasses import dataclass
from pathlib import Path

from cone_sidecar.authorization_token import PRIVATE, token_in_or_made, write_token
from cone_sidecar.authorization_tokens import AuthorizationTokens
from cone_sidecar.clock import SystemClock
from cone_sidecar.endpoint_settings import EndpointSettings
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
    management_file = state / MANAGEMENT_FILE_NAME
    management_secret = token_in_or_made(management_file)
    file = endpoint.token_file or state / TOKEN_FILE_NAME
    if endpoint.no_token:
        return EndpointTokens(file, None, None, management_file, management_secret)
    # Modes and groups are for volumes that containers share; the state is nobody else's.
    access = endpoint.token_access if endpoint.token_file else PRIVATE
    if endpoint.token:
        write_token(file, endpoint.token, access)
    tokens = AuthorizationTokens(
        endpoint.token or token_in_or_made(file, access),
        clock=SystemClock(),
        file=file,
        grace=endpoint.token_grace,
    )
    files = ProfileTokenFiles(
        tokens,
        state / PROFILES_DIRECTORY,
        placed=endpoint.profile_token_files,
        access=endpoint.token_access,
    )
    files.place()
    return EndpointTokens(file, tokens, files, management_file, management_secret)
