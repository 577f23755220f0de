"""Which tokens are right now: the current one, those before it for a while, and each profile's own."""

import hmac
import logging
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from cone_sidecar.authorization_token import profile_token, token_in, tokens_at
from cone_sidecar.clock import Clock
from cone_sidecar.errors import ConfigurationError
from cone_sidecar.secret import Secret

# A process that was given the old token in its environment keeps it for as long as it lives.
DEFAULT_GRACE = timedelta(hours=1)
LOOK_EVERY_S = 1.0
BEARER = b"Bearer "
HIDDEN = "***"
# Their length is that of 32 bytes in base64.
PROFILE_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
# Names are the callers': what is derived for them is not kept without end.
MOST_DERIVED = 512
MOST_BEFORE = 64

logger = logging.getLogger(__name__)


class AuthorizationTokens:
    """Compare what callers present with all that is right, in constant time.

    Where the token lives in ``file``, a new one there counts as soon as it is seen, and the one before
    it goes on being right for ``grace``: nobody has to be restarted.
    """

    def __init__(
        self,
        token: Secret,
        *,
        clock: Clock,
        file: Path | None = None,
        grace: timedelta = DEFAULT_GRACE,
    ) -> None:
        self._clock = clock
        self._file = file
        self._grace = grace
        # Not looked at yet: it may have been replaced since the token was read.
        self._stamp: tuple[int, ...] = ()
        self._current = _Derivation(token)
        self._before: list[tuple[_Derivation, datetime]] = []
        self._when_rotated: list[Callable[[], None]] = []

    def when_rotated(self, act: Callable[[], None]) -> None:
        """Have ``act`` called after each rotation."""
        self._when_rotated.append(act)

    def of_profile(self, profile: str) -> Secret:
        """Return the token that opens ``profile`` alone."""
        return profile_token(self._current.token, profile)

    def at(self, segment: str) -> tuple[Secret, ...]:
        """Return the tokens of whatever profile ``segment`` may mean."""
        return tokens_at(self._current.token, segment)

    def hide(self, text: str) -> str:
        """Return ``text`` without what may be a token: a mistaken client put it into its URL."""
        for each in (self._current, *(old for old, _ in self._before)):
            text = text.replace(each.token.reveal(), HIDDEN)
        return PROFILE_TOKEN.sub(HIDDEN, text)

    def opens(self, presented: bytes, segment: str) -> bool:
        """Tell whether ``presented``, raw or after ``Bearer``, opens the profile that ``segment`` means.

        An empty segment means none. Every candidate is compared, so that the time doesn't tell which one
        was right.
        """
        return self._matches(presented, segment) or (
            self.look_again() and self._matches(presented, segment)
        )

    def look_again(self) -> bool:
        """Take the token that the file holds now; tells whether it is another one."""
        stamp = _stamp(self._file)
        if self._file is None or stamp == self._stamp:
            return False
        self._stamp = stamp
        if not stamp:
            logger.warning("the token stays as it was, and its file is gone: %s", self._file)
            return False
        try:
            token = token_in(self._file)
        except ConfigurationError as error:
            logger.warning("the token stays as it was: %s", error.message)
            return False
        if token == self._current.token:
            return False
        self._rotate(token)
        return True

    async def watch(self) -> None:
        """Look at the file every second, until cancelled."""
        while True:
            await self._clock.sleep(LOOK_EVERY_S)
            self.look_again()

    def _rotate(self, token: Secret) -> None:
        ends = self._clock.now() + self._grace
        self._before = [*self._valid_before(), (self._current, ends)][-MOST_BEFORE:]
        self._current = _Derivation(token)
        logger.info("the authorization token was replaced")
        for act in self._when_rotated:
            act()

    def _matches(self, presented: bytes, segment: str) -> bool:
        bare = presented.removeprefix(BEARER)
        found = self._current.matches(presented, bare, segment)
        if self._before:
            self._before = self._valid_before()
            for old, _ in self._before:
                found |= old.matches(presented, bare, segment)
        return found

    def _valid_before(self) -> "list[tuple[_Derivation, datetime]]":
        now = self._clock.now()
        return [(old, ends) for old, ends in self._before if now < ends]


class _Derivation:
    """One token, and the tokens of profiles that derive from it."""

    __slots__ = ("_bytes", "_derived", "token")

    def __init__(self, token: Secret) -> None:
        self.token = token
        self._bytes = token.reveal().encode()
        self._derived: dict[str, tuple[bytes, ...]] = {}

    def matches(self, presented: bytes, bare: bytes, segment: str) -> bool:
        """Compare both forms with the token, and with those of profiles that ``segment`` may mean."""
        compare = hmac.compare_digest
        found = compare(self._bytes, presented) | compare(self._bytes, bare)
        if segment:
            for own in self.at(segment):
                found |= compare(own, presented) | compare(own, bare)
        return found

    def at(self, segment: str) -> tuple[bytes, ...]:
        """Return the tokens of profiles that ``segment`` may mean."""
        own = self._derived.get(segment)
        if own is None:
            if len(self._derived) >= MOST_DERIVED:
                self._derived.clear()
            own = tuple(each.reveal().encode() for each in tokens_at(self.token, segment))
            self._derived[segment] = own
        return own


def _stamp(path: Path | None) -> tuple[int, ...]:
    """Return what changes when the file does, empty where there is none."""
    if path is None:
        return ()
    try:
        found = path.stat()
    except OSError:
        return ()
    return (found.st_mtime_ns, found.st_ino, found.st_size, found.st_mode)
