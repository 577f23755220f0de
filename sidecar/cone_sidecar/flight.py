"""One flight per profile: the story runs once, whoever waits for it, and its credentials are kept."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime

from cone_sidecar.cooldown import FailureMemory
from cone_sidecar.domain.access import AccessState, Cause, Phase, Transition
from cone_sidecar.domain.ports import HeldCredentials
from cone_sidecar.domain.profile import Profile, RequestTerms
from cone_sidecar.errors import (
    ConeError,
    InternalError,
    NoActiveGrant,
    StillProcessing,
    UpstreamRejected,
)
from cone_sidecar.freshness import Freshness, grant_over, valid
from cone_sidecar.patience import Patience
from cone_sidecar.refusal import grant_ended, phase_of, refusal
from cone_sidecar.story import AccessStory
from cone_sidecar.surroundings import Surroundings
from cone_sidecar.turns import Publish

logger = logging.getLogger(__name__)

UNDECIDED = frozenset({Phase.CHECKING, Phase.NO_GRANT, Phase.REQUESTING})
Chapter = Callable[[AccessStory], Awaitable[HeldCredentials]]


class Flight:
    """The access of one profile: its state, its credentials, and the story while it runs."""

    def __init__(self, profile: Profile, surroundings: Surroundings) -> None:
        self.profile = profile
        self.state = AccessState(Phase.UNKNOWN)
        self.held = surroundings.store.load(profile)
        self._around = surroundings
        self._clock = surroundings.clock
        self._freshness = Freshness.of_flight(strict=surroundings.strict)
        self._memory = FailureMemory(surroundings.cooldown, surroundings.clock)
        self._granted_at = surroundings.store.granted_at(profile)
        self._changed = asyncio.Event()
        self._running: asyncio.Task[None] | None = None
        self._asked_at: datetime | None = None

    async def obtain(self, patience: Patience) -> HeldCredentials:
        """Return credentials, waiting for the story as long as ``patience`` says.

        Raises:
            ConeError: What stands in the way.
        """
        if held := self.cached():
            return held
        try:
            async with asyncio.timeout(patience.seconds):
                return await self._arrival(patience)
        except TimeoutError:
            # What it ran into before says more than that it is being tried again.
            trying = self.state.phase in UNDECIDED and not self.state.task_number
            retried = self._memory.last if trying else None
            return self._old_ones_or(retried or refusal(self.profile, self.state))
        except ConeError as error:
            return self._old_ones_or(error)

    def cached(self) -> HeldCredentials | None:
        """Return what may be served without waiting for anybody; keeps it fresh beside."""
        self._asked_at = self._clock.now()
        held = self.serveable()
        if held:
            self.keep_fresh()
        return held

    def serveable(self) -> HeldCredentials | None:
        """Return what could be served at once, and leave everything as it is."""
        held = self.held
        return held if held and self._freshness.serveable(held, self._clock.now()) else None

    def start(self) -> None:
        """Start the story, unless it runs, its failure is still the answer, or it isn't needed."""
        if not self.serveable():
            self._depart()

    def request(self, terms: RequestTerms | None = None) -> None:
        """Do as a person says: ask for access now, whatever was refused before, in these ``terms``."""
        self._memory = FailureMemory(self._around.cooldown, self._clock)
        held = self.serveable()
        # A grant that was not looked at for a while may be gone: the person knows something.
        if held is None or self._freshness.recheck_due(held, self._clock.now()):
            self._depart(replace(terms or self.profile.terms, auto_request=True))

    def renew(self) -> None:
        """Get new credentials now, however fresh the old ones are."""
        held = self.serveable()
        if held is None:
            self._memory = FailureMemory(self._around.cooldown, self._clock)
            self._depart()
        elif not self._running:
            self._start(lambda story: story.renew(held, self._granted_at), Cause.SERVED)

    def asked_since(self, moment: datetime) -> bool:
        """Tell whether anybody wanted the credentials since ``moment``."""
        return self._asked_at is not None and self._asked_at >= moment

    def keep_fresh(self) -> None:
        """Renew what ends soon, and look again at a grant that nobody has looked at for a minute."""
        held, now = self.held, self._clock.now()
        if held is None or not valid(held, now) or self._running or self._memory.lasting:
            return
        if self._freshness.renewal_due(held, now):
            self._start(lambda story: story.renew(held, self._granted_at), Cause.SERVED)
        elif self._freshness.recheck_due(held, now):
            self._start(lambda story: story.recheck(held, self._granted_at), Cause.CHECKED)

    def renewal_due(self) -> bool:
        """Tell whether the credentials end soon."""
        return self.held is not None and self._freshness.renewal_due(self.held, self._clock.now())

    def expire(self) -> None:
        """Drop the credentials of a grant whose time is over; a story that runs sees to it itself."""
        if self._running:
            return
        now = self._clock.now()
        over = AccessState(Phase.GRANT_EXPIRED, error=grant_ended(self.profile, now, now))
        self.publish(over, Cause.GRANT_OVER)

    def lengthen(self, grant_ends: datetime | None) -> None:
        """Take note that the grant lasts longer than was known."""
        if self.held:
            self._arrive(replace(self.held, grant_ends=grant_ends), Cause.CHECKED)

    def cancel(self) -> asyncio.Task[None] | None:
        """End the story where it is; requests that were made stay made. Returns what is ending."""
        ending = self._running
        if ending is None:
            return None
        ending.cancel()
        self._running = None
        # Requests that were made live on; whoever still waits is told to come again.
        goes_on = StillProcessing(f'the request for "{self.profile.name}" goes on without us')
        self.publish(AccessState(Phase.FAILED, error=goes_on), Cause.STOPPED)
        return ending

    def end(self, error: ConeError) -> None:
        """End the story in ``error``, which a person brought about."""
        if self._running:
            self._running.cancel()
            self._running = None
        self._fail(error)

    def forget(self) -> None:
        """Begin anew: no credentials, no failure, no story."""
        self.cancel()
        self.forget_credentials()
        self._memory = FailureMemory(self._around.cooldown, self._clock)
        self.publish(AccessState(Phase.UNKNOWN), Cause.FORGOTTEN)

    def forget_credentials(self) -> None:
        """Drop the credentials."""
        self.held = None
        self._around.store.drop(self.profile)

    async def _arrival(self, patience: Patience) -> HeldCredentials:
        self._depart()
        while True:
            changed, state = self._changed, self.state
            if state.over or state.phase in patience.told_at_once:
                raise refusal(self.profile, state)
            # What was ready before is no arrival while it is being renewed.
            if self._running is None:
                if error := self._memory.lasting:
                    raise error
                if self.held and self._freshness.serveable_in_need(self.held, self._clock.now()):
                    return self.held
                self._depart()
                continue
            await changed.wait()

    def _old_ones_or(self, error: ConeError) -> HeldCredentials:
        """Serve the old ones while they are valid, unless the grant is known to be gone."""
        held = self.held
        lasts = held and self._freshness.serveable_in_need(held, self._clock.now())
        if held and lasts and not isinstance(error, NoActiveGrant):
            return held
        raise error

    def _depart(self, terms: RequestTerms | None = None) -> None:
        """Start the story, unless it runs or its failure is still the answer."""
        if self._running:
            return
        if self._memory.lasting:
            return
        profile = replace(self.profile, terms=terms) if terms else self.profile
        refused = self._memory.refused
        known_end = self.held.grant_ends if self.held else None
        # Whoever waits must not take the last ending for this one's.
        self.state = AccessState(Phase.CHECKING)
        self._start(
            lambda story: story.obtain(refused, self._granted_at, known_end), Cause.SERVED, profile
        )

    def _start(self, chapter: Chapter, arrival: Cause, profile: Profile | None = None) -> None:
        try:
            story = self.new_story(profile or self.profile, self.publish)
        except ConeError as error:
            self._fail(error)
            return
        self._running = asyncio.create_task(self._run(story, chapter, arrival))

    def new_story(self, profile: Profile, publish: Publish) -> AccessStory:
        """Return a story that goes on where this flight stands; raises ConeError where it can't be told."""
        around = self._around
        return AccessStory(
            profile,
            tenant=around.connections.tenant(profile),
            identity_center=around.connections.identity_center(profile),
            clock=self._clock,
            state=self.state,
            publish=publish,
            justify=around.justify,
            strict=around.strict,
        )

    async def _run(self, story: AccessStory, chapter: Chapter, arrival: Cause) -> None:
        try:
            held = await chapter(story)
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
            if story.grant_listed:
                self._mark_granted(None)
            self._arrive(held, arrival)

    def _arrive(self, held: HeldCredentials, cause: Cause) -> None:
        now = self._clock.now()
        if grant_over(held, now):
            # ConductorOne is down, and what was known of the grant is over.
            self._fail(grant_ended(self.profile, held.grant_ends, now))
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
        self._memory.succeeded()
        self._around.store.save(self.profile, held)
        self.publish(self._served(held), cause)

    def _served(self, held: HeldCredentials, error: ConeError | None = None) -> AccessState:
        return AccessState(
            Phase.UNVERIFIED if held.unverified else Phase.READY,
            task_number=self.state.task_number,
            task_url=self.state.task_url,
            expires=held.credentials.expiration,
            grant_ends=held.grant_ends,
            error=error,
        )

    def _fail(self, error: ConeError) -> None:
        if isinstance(error, NoActiveGrant) and self.held:
            self.forget_credentials()
        held = self.held
        kept = held and self._freshness.serveable_in_need(held, self._clock.now())
        self._memory.record(error, serving=bool(kept))
        if held and kept:
            self.publish(self._served(held, error), Cause.KEPT)
            return
        ended = replace(self.state, phase=phase_of(error), error=error, expires=None)
        self.publish(ended, Cause.ENDED)

    def publish(self, state: AccessState, cause: Cause) -> None:
        """Move on to ``state``, and tell everyone who waits or listens."""
        if cause is Cause.GRANTED:
            self._mark_granted(self._clock.now())
        if cause in {Cause.NO_GRANT, Cause.GRANT_OVER} and self.held:
            self.forget_credentials()
        self.state = state
        self._changed.set()
        self._changed = asyncio.Event()
        event = Transition(self.profile.name, state, cause, self._clock.now())
        self._around.events.emit(event)

    def _mark_granted(self, at: datetime | None) -> None:
        if at != self._granted_at:
            self._granted_at = at
            self._around.store.mark_granted(self.profile, at)
