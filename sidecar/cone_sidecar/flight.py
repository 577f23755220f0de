"""One flight per profile: the story runs once, whoever waits for it, and its credentials are kept."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from cone_sidecar.clock import Clock
from cone_sidecar.domain.access import (
    WAITS_FOR_A_PERSON,
    AccessState,
    Cause,
    Phase,
    Transition,
)
from cone_sidecar.domain.credentials import ADVISORY_WINDOW, CHECK_VALID_FOR
from cone_sidecar.domain.ports import Connections, CredentialStore, Events, HeldCredentials
from cone_sidecar.domain.profile import Profile
from cone_sidecar.errors import (
    AccessDenied,
    ConeError,
    ConfigurationError,
    InternalError,
    LoginRequired,
    NoActiveGrant,
    RequestCancelled,
    RequestEnded,
    RequestFailed,
    RequestTimedOut,
    SessionRejected,
    SignInRequired,
    StillProcessing,
    UpstreamRejected,
)
from cone_sidecar.refusal import grant_ended, refusal
from cone_sidecar.story import AccessStory

logger = logging.getLogger(__name__)

RENEWAL_MARGIN = ADVISORY_WINDOW + timedelta(minutes=5)
RECHECK_AFTER = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a caller waits, in seconds, and for which of the phases that a person ends."""

    seconds: float
    persons: frozenset[Phase] = frozenset()

    def ends_at(self, phase: Phase) -> bool:
        """Tell whether this caller is told of ``phase`` at once."""
        return phase in WAITS_FOR_A_PERSON and phase not in self.persons


# How a request can end without access; asking again at once would only pester its approvers.
REFUSALS = (AccessDenied, RequestCancelled, RequestFailed, RequestTimedOut, RequestEnded)
# What a person mends with another command or an editor, and then expects to be noticed.
MENDED_ELSEWHERE = (ConfigurationError, LoginRequired, SessionRejected, SignInRequired)


@dataclass(frozen=True, slots=True)
class Cooldown:
    """How long a failure is the answer, before the story is told and access is requested anew."""

    final: timedelta = timedelta(seconds=15)
    transient: timedelta = timedelta(seconds=1)
    mended_elsewhere: timedelta = timedelta(seconds=2)
    request: timedelta = timedelta(minutes=5)

    def after(self, error: ConeError) -> timedelta:
        """Return how long ``error`` is remembered."""
        if isinstance(error, MENDED_ELSEWHERE):
            return self.mended_elsewhere
        return self.transient if error.retryable else self.final


def renewal_due(held: HeldCredentials, now: datetime) -> bool:
    """Tell whether new ones are wanted: 20 minutes before the end, or in the last third of a short life."""
    life = held.credentials.expiration - held.fetched_at
    return held.credentials.expiration - now < min(RENEWAL_MARGIN, life / 3)


class Flight:
    """The access of one profile: its state, its credentials, and the story while it runs."""

    def __init__(
        self,
        profile: Profile,
        *,
        connections: Connections,
        store: CredentialStore,
        clock: Clock,
        events: Events,
        cooldown: Cooldown,
    ) -> None:
        self.profile = profile
        self.state = AccessState(Phase.UNKNOWN)
        self.held = store.load(profile)
        self._connections = connections
        self._store = store
        self._clock = clock
        self._events = events
        self._cooldown = cooldown
        self._failed_until: datetime | None = None
        self._refused: ConeError | None = None
        self._request_again_at = clock.now()
        self._granted_at = store.granted_at(profile)
        self._changed = asyncio.Event()
        self._running: asyncio.Task[None] | None = None

    async def obtain(self, patience: Patience) -> HeldCredentials:
        """Return credentials, waiting for the story as long as ``patience`` says.

        Raises:
            ConeError: What stands in the way.
        """
        now = self._clock.now()
        if held := self._serveable(now):
            self._keep_fresh(held, now)
            return held
        try:
            async with asyncio.timeout(patience.seconds):
                return await self._arrival(patience)
        except TimeoutError:
            return self._old_ones_or(refusal(self.profile, self.state))
        except ConeError as error:
            return self._old_ones_or(error)

    def cached(self) -> HeldCredentials | None:
        """Return what may be served without waiting for anybody; keeps it fresh beside."""
        now = self._clock.now()
        if held := self._serveable(now):
            self._keep_fresh(held, now)
        return held

    def cancel(self) -> None:
        """End the story where it is; requests that were made stay made."""
        if self._running is None:
            return
        self._running.cancel()
        self._running = None
        # Requests that were made live on; whoever still waits is told to come again.
        goes_on = StillProcessing(f'the request for "{self.profile.name}" goes on without us')
        self._publish(AccessState(Phase.FAILED, error=goes_on), Cause.STOPPED)

    def forget(self) -> None:
        """Drop the credentials."""
        self.held = None
        self._store.drop(self.profile)

    async def _arrival(self, patience: Patience) -> HeldCredentials:
        self._depart(self._clock.now())
        while True:
            changed, state = self._changed, self.state
            if state.phase is Phase.FAILED or patience.ends_at(state.phase):
                raise refusal(self.profile, state)
            # What was ready before is no arrival while it is being renewed.
            if self._running is None:
                now = self._clock.now()
                if self.held and self._valid(self.held, now):
                    return self.held
                self._depart(now)
                continue
            await changed.wait()

    def _serveable(self, now: datetime) -> HeldCredentials | None:
        """Return what can be served without asking anyone first."""
        held = self.held
        if held is None or not self._valid(held, now):
            return None
        if renewal_due(held, now) and held.credentials.expiration - now < ADVISORY_WINDOW:
            return None
        return held if now - held.checked_at <= CHECK_VALID_FOR else None

    def _valid(self, held: HeldCredentials, now: datetime) -> bool:
        return held.credentials.usable(now) and (held.grant_ends is None or held.grant_ends > now)

    def _old_ones_or(self, error: ConeError) -> HeldCredentials:
        """Serve the old ones while they are valid, unless the grant is known to be gone."""
        held, now = self.held, self._clock.now()
        if held and self._valid(held, now) and not isinstance(error, NoActiveGrant):
            return held
        raise error

    def _keep_fresh(self, held: HeldCredentials, now: datetime) -> None:
        if self._running or (self._failed_until and now < self._failed_until):
            return
        if renewal_due(held, now):
            self._start(lambda story: story.renew(held, self._granted_at), Cause.SERVED)
        elif now - held.checked_at > RECHECK_AFTER:
            self._start(lambda story: story.recheck(held, self._granted_at), Cause.CHECKED)

    def _depart(self, now: datetime) -> None:
        """Start the story, unless it runs or its failure is still the answer."""
        if self._running:
            return
        if self._failed_until and now < self._failed_until:
            # What goes on being served while renewal fails is an answer as well.
            self.state = AccessState(Phase.FAILED, error=self.state.error)
            return
        refused = self._refused if now < self._request_again_at else None
        self.state = AccessState(Phase.CHECKING)
        known_end = self.held.grant_ends if self.held else None
        self._start(lambda story: story.obtain(refused, self._granted_at, known_end), Cause.SERVED)

    def _start(
        self, chapter: Callable[[AccessStory], Awaitable[HeldCredentials]], arrival: Cause
    ) -> None:
        try:
            story = AccessStory(
                self.profile,
                tenant=self._connections.tenant(self.profile),
                identity_center=self._connections.identity_center(self.profile),
                clock=self._clock,
                publish=self._publish,
            )
        except ConeError as error:
            self._fail(error)
            return
        self._running = asyncio.create_task(self._run(lambda: chapter(story), arrival))

    async def _run(self, chapter: Callable[[], Awaitable[HeldCredentials]], arrival: Cause) -> None:
        try:
            held = await chapter()
        except ConeError as error:
            self._running = None
            self._fail(error)
        except Exception as error:
            logger.exception("the story of a profile broke off")
            self._running = None
            fault = f"internal error ({type(error).__name__})"
            self._fail(InternalError(fault, hint="see the log, and report it"))
        else:
            self._running = None
            self._arrive(held, arrival)

    def _arrive(self, held: HeldCredentials, cause: Cause) -> None:
        now = self._clock.now()
        if held.grant_ends is not None and held.grant_ends <= now:
            # ConductorOne is down, and what was known of the grant is over.
            self._fail(grant_ended(self.profile))
            return
        if not held.credentials.usable(now):
            self._fail(
                UpstreamRejected(
                    "AWS gives credentials that end within a minute",
                    hint="check this machine's clock, and the permission set's session duration",
                )
            )
            return
        self.held = held
        self._failed_until = None
        self._refused = None
        self._store.save(self.profile, held)
        ready = AccessState(
            Phase.READY,
            task_number=self.state.task_number,
            task_url=self.state.task_url,
            expires=held.credentials.expiration,
            grant_ends=held.grant_ends,
            unverified=held.unverified,
        )
        self._publish(ready, cause)

    def _fail(self, error: ConeError) -> None:
        now = self._clock.now()
        self._failed_until = now + self._cooldown.after(error)
        if isinstance(error, REFUSALS) and error is not self._refused:
            self._refused = error
            self._request_again_at = now + self._cooldown.request
        if isinstance(error, NoActiveGrant) and self.held:
            self.forget()
        if self.held and self._valid(self.held, now):
            kept = AccessState(Phase.READY, expires=self.held.credentials.expiration, error=error)
            self._publish(kept, Cause.KEPT)
            return
        self._publish(AccessState(Phase.FAILED, error=error), Cause.ENDED)

    def _publish(self, state: AccessState, cause: Cause) -> None:
        if cause is Cause.GRANTED:
            self._granted_at = self._clock.now()
            self._store.mark_granted(self.profile, self._granted_at)
        if cause is Cause.NO_GRANT and self.held:
            self.forget()
        self.state = state
        self._changed.set()
        self._changed = asyncio.Event()
        self._events.emit(Transition(self.profile.name, state, cause, self._clock.now()))
