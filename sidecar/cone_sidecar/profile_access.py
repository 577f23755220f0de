"""What is known of the access of one profile: its state, its credentials, its grant, its last failure."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

from cone_sidecar.cooldown import FailureMemory
from cone_sidecar.domain.access import AccessState, Cause, Phase, Transition
from cone_sidecar.domain.ports import GrantMemory, HeldCredentials
from cone_sidecar.domain.profile import Profile
from cone_sidecar.errors import ConeError, NoActiveGrant, UpstreamRejected
from cone_sidecar.freshness import Freshness, grant_over
from cone_sidecar.refusal import grant_ended, phase_of
from cone_sidecar.surroundings import Surroundings

# From when until when, where there is nothing to serve.
NEVER = (datetime.max.replace(tzinfo=UTC),) * 2


class ProfileAccess:
    """Keep what is known of ``profile``, and tell whoever listens when it changes."""

    def __init__(self, profile: Profile, surroundings: Surroundings) -> None:
        self.profile = profile
        self.state = AccessState(Phase.UNKNOWN)
        self.held = surroundings.store.load(profile)
        self._around = surroundings
        self._clock = surroundings.clock
        self._freshness = Freshness.of_flight(strict=surroundings.strict)
        self._failures = self._no_failures()
        self._grant = surroundings.store.grant_memory(profile)
        self._changed = asyncio.Event()
        self._calm_for: HeldCredentials | None = None
        self._calm = NEVER

    def go_by_surroundings(self) -> None:
        """Take note that the surroundings have changed; what is held and what failed stays."""
        self._freshness = replace(self._freshness, strict=self._around.strict)
        self._failures.cooldown = self._around.cooldown

    def serveable(self) -> HeldCredentials | None:
        """Return what could be served at once, and leave everything as it is."""
        held = self.held
        return held if held and self._freshness.serveable(held, self._clock.now()) else None

    def is_calm(self, now: datetime) -> bool:
        """Tell whether what is held can be served, and nothing of it is due."""
        held = self.held
        if held is not self._calm_for:
            self._calm_for = held
            unlisted = self._grant.granted_at is not None
            self._calm = self._freshness.calm(held, unlisted=unlisted) if held else NEVER
        begins, ends = self._calm
        return begins <= now < ends

    def renewal_due(self) -> bool:
        """Tell whether the credentials end soon."""
        return self.held is not None and self._freshness.renewal_due(self.held, self._clock.now())

    def lapse(self) -> None:
        """Drop credentials that have ended, for which nobody came back."""
        self._forget_credentials()
        self.publish(AccessState(Phase.UNKNOWN), Cause.LAPSED)

    def forget_grant(self) -> None:
        """Know nothing of the grant."""
        self._remember(GrantMemory())

    def publish(self, state: AccessState, cause: Cause) -> None:
        """Move on to ``state``, and tell everyone who waits or listens."""
        now = self._clock.now()
        if cause is Cause.GRANTED:
            self._remember(GrantMemory(granted_at=now))
        if cause in {Cause.NO_GRANT, Cause.GRANT_OVER}:
            self._remember(replace(self._grant, granted_at=None, refuted=True))
            self._forget_credentials()
        self.state = state
        self._changed.set()
        self._changed = asyncio.Event()
        self._around.events.emit(Transition(self.profile.name, state, cause, now))

    def _no_failures(self) -> FailureMemory:
        return FailureMemory(self._around.cooldown, self._around.clock)

    def _remember(self, memory: GrantMemory) -> None:
        if memory != self._grant:
            self._grant = memory
            self._around.store.remember_grant(self.profile, memory)

    def _forget_credentials(self) -> None:
        if self.held:
            self.held = None
            self._around.store.drop(self.profile)

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
        self._failures.succeeded()
        self._keep(held)
        self.publish(self._served(held), cause)

    def _keep(self, held: HeldCredentials) -> None:
        self.held = held
        if held.grant_ends:
            self._remember(replace(self._grant, ends=held.grant_ends))
        self._around.store.save(self.profile, held)

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
        if isinstance(error, NoActiveGrant):
            self._remember(replace(self._grant, granted_at=None, refuted=True))
            self._forget_credentials()
        held = self.held
        kept = held and self._freshness.serveable_in_need(held, self._clock.now())
        self._failures.record(error, serving=bool(kept))
        if held and kept:
            self.publish(self._served(held, error), Cause.KEPT)
            return
        ended = replace(self.state, phase=phase_of(error), error=error, expires=None)
        self.publish(ended, Cause.ENDED)
