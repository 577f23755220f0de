"""The stories of several profiles at once, in the words that each has alone."""

from collections.abc import Sequence

from cone_cli.narration import Narrator
from cone_cli.terminal import Teletype
from cone_sidecar.domain.access import Cause, Transition
from cone_sidecar.domain.profile import Profile
from cone_sidecar.errors import ConeError, SignInRequired

# A session is shared: however many profiles wait for it, a person is told once.
OF_THE_SESSION = frozenset({Cause.SESSION_ENDED, Cause.SIGN_IN_OFFERED})


class OneOfSeveral(Narrator):
    """A narrator beside others: dots would say nothing of whom."""

    def _dot(self) -> None:
        """Say nothing."""


class RequestNarration:
    """Give each profile its narrator; ``waiting`` tells whether the person waits for other people."""

    def __init__(self, teletype: Teletype, profiles: Sequence[Profile], *, waiting: bool) -> None:
        narrator = Narrator if len(profiles) == 1 else OneOfSeveral
        self._narrators = {
            profile.name: narrator(teletype, waiting_for=profile if waiting else None)
            for profile in profiles
        }
        self._sessions = {profile.name: profile.session for profile in profiles}
        self._told: set[object] = set()

    def hear(self, event: Transition) -> None:
        """Put an event into words, if it has any."""
        what = (event.cause, event.state.sign_in_url)
        if event.cause not in OF_THE_SESSION or self._is_new(event.profile, what):
            self._narrators[event.profile].hear(event)

    def conclude(self, profile: str, error: ConeError) -> None:
        """Print how it ended."""
        if not isinstance(error, SignInRequired) or self._is_new(profile, error.message):
            self._narrators[profile].conclude(profile, error)

    def _is_new(self, profile: str, what: object) -> bool:
        """Tell whether nobody was told ``what`` of the profile's session yet."""
        told = (self._sessions[profile], what)
        is_new = told not in self._told
        self._told.add(told)
        return is_new
