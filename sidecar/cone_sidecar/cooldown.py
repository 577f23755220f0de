"""How long a failure is the answer, so that a program that asks on and on makes no storm."""

from dataclasses import dataclass
from datetime import timedelta

from cone_sidecar.clock import Clock
from cone_sidecar.errors import (
    AccessDenied,
    ConeError,
    ConfigurationError,
    GrantRevoked,
    LoginRequired,
    RequestCancelled,
    RequestEnded,
    RequestFailed,
    RequestTimedOut,
    SessionRejected,
    SignInRequired,
)

# How access can end against our will; asking again at once would only pester its approvers.
REFUSALS = (
    AccessDenied,
    GrantRevoked,
    RequestCancelled,
    RequestFailed,
    RequestTimedOut,
    RequestEnded,
)
# What a person mends with another command or an editor, and then expects to be noticed.
MENDED_ELSEWHERE = (ConfigurationError, LoginRequired, SessionRejected, SignInRequired)
MOST_DOUBLINGS = 10


@dataclass(frozen=True, slots=True)
class Cooldown:
    """How long a failure is the answer, before the story is told and access is requested anew.

    What goes away by itself is tried again after ``transient``, twice as long after each failure more, up to
    ``longest_transient``. While credentials are served all the same, that is so for every failure, up to
    ``longest_renewal``.
    """

    final: timedelta = timedelta(seconds=15)
    transient: timedelta = timedelta(seconds=1)
    longest_transient: timedelta = timedelta(seconds=4)
    longest_renewal: timedelta = timedelta(seconds=60)
    mended_elsewhere: timedelta = timedelta(seconds=2)
    request: timedelta = timedelta(minutes=5)


DEFAULT_COOLDOWN = Cooldown()


class FailureMemory:
    """Remember the last failure of one profile, and how the last request for it was refused."""

    def __init__(self, cooldown: Cooldown, clock: Clock) -> None:
        self.cooldown = cooldown
        self._clock = clock
        self._error: ConeError | None = None
        self._until: float | None = None
        self._refused: ConeError | None = None
        self._request_again_at: float | None = None
        self._in_a_row = 0

    @property
    def last(self) -> ConeError | None:
        """Return the last failure since there were credentials."""
        return self._error

    @property
    def lasting(self) -> ConeError | None:
        """Return the last failure while it is the answer, None once it is worth another try."""
        return self._error if self._until and self._clock.monotonic() < self._until else None

    @property
    def refused(self) -> ConeError | None:
        """Return how the last request ended, None once access may be asked for again."""
        again_at = self._request_again_at
        return (
            self._refused if again_at is not None and self._clock.monotonic() < again_at else None
        )

    def record(self, error: ConeError, *, serving: bool) -> None:
        """Remember ``error``; ``serving`` tells whether there are credentials all the same."""
        now = self._clock.monotonic()
        self._error = error
        self._until = now + self._lasts(error, serving=serving).total_seconds()
        self._in_a_row += 1
        if isinstance(error, REFUSALS) and error is not self._refused:
            self._refused = error
            self._request_again_at = now + self.cooldown.request.total_seconds()

    def succeeded(self) -> None:
        """Forget the failures: there are credentials."""
        self._error = None
        self._until = None
        self._refused = None
        self._in_a_row = 0

    def _lasts(self, error: ConeError, *, serving: bool) -> timedelta:
        cooldown = self.cooldown
        doubled: int = 2 ** min(self._in_a_row, MOST_DOUBLINGS)
        if serving:
            return min(cooldown.transient * doubled, cooldown.longest_renewal)
        if isinstance(error, MENDED_ELSEWHERE):
            return cooldown.mended_elsewhere
        if not error.retryable:
            return cooldown.final
        return min(cooldown.transient * doubled, cooldown.longest_transient)
