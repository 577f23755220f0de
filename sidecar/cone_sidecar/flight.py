"""One flight per profile: the story runs once, whoever waits for it, and its credentials are kept."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime

from cone_sidecar.domain.access import AccessState, Cause, Phase
from cone_sidecar.domain.ports import GrantMemory, HeldCredentials
from cone_sidecar.domain.profile import Profile, RequestTerms
from cone_sidecar.errors import (
    AccessError,
    ConeError,
    InternalError,
    NoActiveGrant,
    StillProcessing,
)
from cone_sidecar.freshness import valid
from cone_sidecar.patience import Patience
from cone_sidecar.profile_access import ProfileAccess
from cone_sidecar.refusal import grant_ended, refusal
from cone_sidecar.story import AccessStory
from cone_sidecar.surroundings import Surroundings
from cone_sidecar.turns import Publish

logger = logging.getLogger(__name__)

# Nothing has been asked of anybody yet but whether there is access.
UNDECIDED = frozenset({Phase.CHECKING, Phase.NO_GRANT, Phase.REQUESTING})
Chapter = Callable[[AccessStory], Awaitable[HeldCredentials]]


class Flight(ProfileAccess):
    """The access of one profile, and the story while it runs."""

    def __init__(self, profile: Profile, surroundings: Surroundings) -> None:
        super().__init__(profile, surroundings)
        self._running: asyncio.Task[None] | None = None
        self._checking: asyncio.Task[None] | None = None
        self._wanted: RequestTerms | None = None
        self._asked_at: datetime | None = None
        self._ended_by_hand = 0

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
            retried = self._failures.last if self._undecided else None
            return self._old_ones_or(retried or refusal(self.profile, self.state))
        except ConeError as error:
            return self._old_ones_or(error)

    def cached(self) -> HeldCredentials | None:
        """Return what may be served without waiting for anybody; keeps it fresh beside."""
        self._asked_at = self._clock.now()
        if self.is_calm(self._asked_at):
            return self.held
        if held := self.serveable():
            self.keep_fresh()
        return held

    def start(self) -> None:
        """Start the story, unless it runs, its failure is still the answer, or it isn't needed."""
        if not self.serveable():
            self._depart()

    def look(self) -> None:
        """See whether access has come in another way; asks for none, and keeps to how it ended before."""
        if not self.serveable():
            before = self.state.error
            terms = replace(self.profile.terms, auto_request=False)
            self._depart(terms, before if isinstance(before, AccessError) else None)

    def request(self, terms: RequestTerms | None = None) -> None:
        """Do as a person says: ask for access now, whatever was refused before, in these ``terms``."""
        self._failures = self._no_failures()
        wanted = replace(terms or self.profile.terms, auto_request=True)
        held = self.serveable()
        if self._running and self._undecided:
            # What runs may be of other terms: should it end without access, it is told anew.
            self._wanted = wanted
        elif held is None or self._recheck_due(held):
            # A grant that was not looked at for a while may be gone: the person knows something.
            self._depart(wanted)

    def renew(self) -> None:
        """Get new credentials now, however fresh the old ones are."""
        if (held := self.serveable()) is None:
            self._failures = self._no_failures()
            self._depart()
        elif not self._running:
            self._renew(held)

    def asked_since(self, moment: datetime) -> bool:
        """Tell whether anybody wanted the credentials since ``moment``."""
        return self._asked_at is not None and self._asked_at >= moment

    def keep_fresh(self) -> None:
        """Renew what ends soon, and look again at a grant that nobody has looked at for a minute."""
        held, now = self.held, self._clock.now()
        if held is None or not valid(held, now) or self._failures.lasting:
            return
        if not self._running and self._freshness.renewal_due(held, now):
            self._renew(held)
        elif not self._checking and self._recheck_due(held):
            # Beside a renewal as well: that may wait for a person to sign in.
            self._checking = asyncio.create_task(self._recheck(held))

    def expire(self) -> None:
        """Drop the credentials of a grant whose time is over; a story that runs sees to it itself."""
        if self._running:
            return
        now = self._clock.now()
        over = AccessState(Phase.GRANT_EXPIRED, error=grant_ended(self.profile, now, now))
        self.publish(over, Cause.GRANT_OVER)

    def confirm(self, looked_at: HeldCredentials) -> None:
        """Take note of what ConductorOne says of the grant behind the credentials."""
        if self.held is None:
            return
        confirmed = replace(
            self.held,
            checked_at=looked_at.checked_at,
            grant_ends=looked_at.grant_ends,
            unverified=looked_at.unverified,
        )
        if self._running:
            self._keep(confirmed)
        else:
            self._arrive(confirmed, Cause.CHECKED)

    def cancel(self) -> list[asyncio.Task[None]]:
        """End the story where it is; requests that were made stay made. Returns what is ending."""
        ending = [task for task in (self._running, self._checking) if task]
        for task in ending:
            task.cancel()
        was_running, self._running, self._checking = self._running, None, None
        if was_running:
            # Requests that were made live on; whoever still waits is told to come again.
            self._ended_by_hand += 1
            self.publish(AccessState(Phase.FAILED, error=self._goes_on()), Cause.STOPPED)
        return ending

    def end(self, error: ConeError) -> None:
        """End the story in ``error``, whatever it waits for."""
        if self._running:
            self._running.cancel()
            self._running = None
        self._fail(error)

    def forget(self) -> None:
        """Begin anew: no credentials, no failure, no story."""
        self.cancel()
        self._forget_credentials()
        self._failures = self._no_failures()
        self.publish(AccessState(Phase.UNKNOWN), Cause.FORGOTTEN)

    @property
    def under_way(self) -> bool:
        """Tell whether the story runs."""
        return self._running is not None

    @property
    def _undecided(self) -> bool:
        return self.state.phase in UNDECIDED and not self.state.task_number

    def _goes_on(self) -> ConeError:
        return StillProcessing(f'the request for "{self.profile.name}" goes on without us')

    async def _arrival(self, patience: Patience) -> HeldCredentials:
        self._depart()
        ended_by_hand = self._ended_by_hand
        while True:
            changed, state = self._changed, self.state
            if self._ended_by_hand != ended_by_hand:
                raise self._goes_on()
            if state.over or state.phase in patience.told_at_once:
                raise refusal(self.profile, state)
            # What was ready before is no arrival while it is being renewed.
            if self._running is None:
                if error := self._failures.lasting:
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

    def _recheck_due(self, held: HeldCredentials) -> bool:
        unlisted = self._grant.granted_at is not None
        return self._freshness.recheck_due(held, self._clock.now(), unlisted=unlisted)

    async def _recheck(self, held: HeldCredentials) -> None:
        try:
            story = self.new_story(self.profile, lambda *_: None)
            checked = await story.recheck(held, self._grant)
        except ConeError as error:
            self._checking = None
            if not self._running or isinstance(error, NoActiveGrant):
                self.end(error)
        except Exception as error:
            logger.exception("a look at a grant broke off")
            self._checking = None
            if not self._running:
                self._fail(_fault(error))
        else:
            self._checking = None
            self._note_listing(story, checked)
            self.confirm(checked)

    def _renew(self, held: HeldCredentials) -> None:
        memory = self._grant
        self._start(lambda story: story.renew(held, memory), Cause.SERVED)

    def _depart(self, terms: RequestTerms | None = None, refused: ConeError | None = None) -> None:
        """Start the story, unless it runs or its failure is still the answer."""
        if self._running or self._failures.lasting:
            return
        profile = replace(self.profile, terms=terms) if terms else self.profile
        refused = refused or self._failures.refused
        memory = self._grant
        # Whoever waits must not take the last ending for this one's.
        self.state = AccessState(Phase.CHECKING)
        self._start(lambda story: story.obtain(memory, refused), Cause.SERVED, profile)

    def _start(self, chapter: Chapter, arrival: Cause, profile: Profile | None = None) -> None:
        def publish(state: AccessState, cause: Cause) -> None:
            # A story that was ended has nothing to say any more, should it still run.
            if asyncio.current_task() is self._running:
                self.publish(state, cause)

        try:
            story = self.new_story(profile or self.profile, publish)
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
        held, failure = None, None
        try:
            held = await chapter(story)
        except ConeError as error:
            failure = error
        except Exception as error:
            logger.exception("the story of a profile broke off")
            failure = _fault(error)
        if asyncio.current_task() is not self._running:
            return
        self._running = None
        wanted, self._wanted = self._wanted, None
        if held:
            self._note_listing(story, held)
            self._arrive(held, arrival)
        elif failure and wanted and not failure.retryable:
            self._depart(wanted)
        elif failure:
            self._fail(failure)

    def _note_listing(self, story: AccessStory, held: HeldCredentials) -> None:
        if story.grant_listed:
            self._remember(GrantMemory(ends=held.grant_ends))


def _fault(error: Exception) -> InternalError:
    return InternalError(
        f"internal error ({type(error).__name__})", hint="see the log, and report it"
    )
