"""The files that hold tokens of single profiles, kept as the tokens are."""

import contextlib
import logging
from collections.abc import Mapping
from pathlib import Path

from cone_sidecar.ascii_text import ascii_text
from cone_sidecar.authorization_token import PRIVATE, FileAccess, token_in, write_token
from cone_sidecar.authorization_tokens import AuthorizationTokens
from cone_sidecar.clock import Clock
from cone_sidecar.errors import ConfigurationError
from cone_sidecar.profile_slugs import slug
from cone_sidecar.secret import Secret

LOOK_EVERY_S = 5.0
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
        # Of the tokens that a file's name may mean, which one it holds.
        self._kept: dict[str, int] = {}
        self._behind: set[Path] = set()
        tokens.when_rotated(self.write_again)

    def place(self) -> None:
        """Write the files that were asked for by name, and those that were handed out before.

        Raises:
            ConfigurationError: One of the former can't be written.
        """
        for profile, path in self._placed.items():
            write_token(path, self._tokens.of_profile(profile), self._access)
            logger.info('token of "%s": %s', ascii_text(profile), path)
        for path in self._directory.glob("[!.]*"):
            self._take_over(path)

    async def watch(self, clock: Clock) -> None:
        """Write again what is missing or out of date, every few seconds, until cancelled."""
        while True:
            await clock.sleep(LOOK_EVERY_S)
            self.write_again()

    def token_and_file(self, profile: str) -> tuple[Secret, Path]:
        """Return the profile's token, and the file that holds it for this user's own programs.

        Raises:
            ConfigurationError: It can't be written.
        """
        path, token = self._directory / slug(profile), self._tokens.of_profile(profile)
        self._kept[path.name] = self._tokens.at(path.name).index(token)
        if _held(path) != token:
            write_token(path, token)
        return token, path

    def _take_over(self, path: Path) -> None:
        """Go on keeping a file of an earlier sidecar's: who was given its name still reads it."""
        tokens, held = self._tokens.at(path.name), _held(path)
        known = held is not None and held in tokens
        index = tokens.index(held) if known and held else len(tokens) - 1
        self._kept[path.name] = index
        self._hold(path, tokens[index], PRIVATE)

    def write_again(self) -> None:
        """Write what is missing or out of date."""
        for profile, path in self._placed.items():
            self._hold(path, self._tokens.of_profile(profile), self._access)
        for name, index in self._kept.items():
            self._hold(self._directory / name, self._tokens.at(name)[index], PRIVATE)

    def _hold(self, path: Path, token: Secret, access: FileAccess) -> None:
        """Write ``token`` unless it is there; what can't be written is told of once, and tried again."""
        if _held(path) == token:
            self._behind.discard(path)
            return
        try:
            write_token(path, token, access)
        except ConfigurationError as error:
            if path not in self._behind:
                logger.warning("a token file is out of date: %s", error.message)
            self._behind.add(path)
        else:
            self._behind.discard(path)


def _held(path: Path) -> Secret | None:
    with contextlib.suppress(ConfigurationError):
        return token_in(path)
    return None
