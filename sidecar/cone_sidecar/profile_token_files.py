"""The files that hold tokens of single profiles, kept as the tokens are."""

import contextlib
import logging
from collections.abc import Iterator, Mapping
from pathlib import Path

from cone_sidecar.authorization_token import PRIVATE, FileAccess, token_in, write_token
from cone_sidecar.authorization_tokens import AuthorizationTokens
from cone_sidecar.errors import ConfigurationError
from cone_sidecar.profile_slugs import slug
from cone_sidecar.secret import Secret

logger = logging.getLogger(__name__)


class ProfileTokenFiles:
    """Write profiles' tokens where they were asked for, and again after each rotation."""

    def __init__(
        self,
        tokens: AuthorizationTokens,
        directory: Path,
        *,
        placed: Mapping[str, Path],
        access: FileAccess = PRIVATE,
    ) -> None:
        """Keep those of ``placed`` for whoever ``access`` says, and others in ``directory``."""
        self._tokens = tokens
        self._directory = directory
        self._placed = placed
        self._access = access
        self._handed_out: set[str] = set()
        tokens.when_rotated(self._write_again)

    def place(self) -> None:
        """Write the files that were asked for by name.

        Raises:
            ConfigurationError: One can't be written.
        """
        for profile, path in self._placed.items():
            write_token(path, self._tokens.of_profile(profile), self._access)

    def token_and_file(self, profile: str) -> tuple[Secret, Path]:
        """Return the profile's token, and the file that holds it for this user's own programs.

        Raises:
            ConfigurationError: It can't be written.
        """
        path, token = self._directory / slug(profile), self._tokens.of_profile(profile)
        self._handed_out.add(profile)
        with contextlib.suppress(ConfigurationError):
            if token_in(path) == token:
                return token, path
        write_token(path, token)
        return token, path

    def _write_again(self) -> None:
        for profile, path in self._placed.items():
            with _warned():
                write_token(path, self._tokens.of_profile(profile), self._access)
        for profile in self._handed_out:
            with _warned():
                self.token_and_file(profile)


@contextlib.contextmanager
def _warned() -> Iterator[None]:
    """Keep a file that can't be written from keeping the others back."""
    try:
        yield
    except ConfigurationError as error:
        logger.warning("a token file is out of date: %s", error.message)
