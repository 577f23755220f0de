"""The just-in-time story of one profile, told once: grant, request, sign-in, propagation, credentials."""

import asyncio
from dataclasses import replace

from cone_sidecar.access_request import AccessRequest, Justify
from cone_sidecar.clock import Clock
from cone_sidecar.domain.access import AccessState, Cause, Phase
from cone_sidecar.domain.credentials import RoleCredentials
from cone_sidecar.domain.ports import (
    GrantMemory,
    HeldCredentials,
    IdentityCenter,
    RoleNotAssigned,
    SessionEnded,
    Tenant,
)
from cone_sidecar.domain.profile import Profile
from cone_sidecar.domain.task import Grant
from cone_sidecar.errors import ConeError, Unreachable
from cone_sidecar.pace import PROPAGATION_LIMIT_S, propagation_delays
from cone_sidecar.refusal import grant_ended, propagation_timeout
from cone_sidecar.turns import Publish, Turns

# What AWS answered to a fetch that ran beside the grant check.
Fetched = RoleCredentials | Exception

# Once AWS has answered, ConductorOne gets this long before what AWS gave is served unverified.
CONDUCTORONE_GRACE_S = 2.0


class AccessStory:
    """Tell the story for ``profile`` from ``state`` on; ``publish`` hears of each turn.

    ``strict`` serves nothing that ConductorOne hasn't confirmed. ``grant_listed`` tells, afterwards,
    whether ConductorOne listed an active grant.
    """

    def __init__(
        self,
        profile: Profile,
        *,
        tenant: Tenant,
        identity_center: IdentityCenter,
        clock: Clock,
        state: AccessState,
        publish: Publish,
        justify: Justify,
        strict: bool = False,
    ) -> None:
        self.grant_listed = False
        self._profile = profile
        self._tenant = tenant
        self._identity_center = identity_center
        self._clock = clock
        self._strict = strict
        self._turns = Turns(state, publish)
        self._request = AccessRequest(
            profile, tenant=tenant, clock=clock, turns=self._turns, justify=justify
        )

    async def obtain(
        self, memory: GrantMemory, refused: ConeError | None = None
    ) -> HeldCredentials:
        """Get credentials, asking for access where there is none.

        Args:
            memory: What is known of the grant.
            refused: How the last request ended, if that is too fresh to ask again.

        Raises:
            ConeError: How the story ended instead.
        """
        self._turns.state = AccessState(Phase.CHECKING)
        self._turns.take(Cause.ASKED)
        grant, answer, verified = await self._check()
        fetched: Fetched | None = answer
        if grant is None and not verified:
            if memory.refuted:
                raise Unreachable(
                    "ConductorOne can't be reached, and there was no grant when it could",
                    hint="retry when it answers again",
                )
            grant = Grant(memory.ends)
        elif grant is None and memory.may_be_unlisted(self._clock.now()):
            grant, fetched = Grant(memory.ends), None
        elif grant is None:
            if memory.ends is not None and memory.ends <= self._clock.now():
                self._turns.take(Cause.GRANT_OVER, phase=Phase.GRANT_EXPIRED)
            else:
                self._turns.take(Cause.NO_GRANT, phase=Phase.NO_GRANT)
            grant, fetched = await self._request.granted(refused), None
        return self._hold(await self._fetch_granted(fetched), grant, verified=verified)

    async def renew(self, held: HeldCredentials, memory: GrantMemory) -> HeldCredentials:
        """Get new credentials for a grant that is being served; never asks for access.

        Args:
            held: What is served now.
            memory: What is known of the grant.

        Raises:
            NoActiveGrant: The grant is gone.
            ConeError: Renewing failed.
        """
        self._turns.take(Cause.RENEWING, phase=Phase.REFRESHING, error=None)
        grant, fetched, verified = await self._check()
        if grant is None:
            if verified and not memory.may_be_unlisted(self._clock.now()):
                raise grant_ended(self._profile, held.grant_ends, self._clock.now())
            grant = Grant(held.grant_ends)
        return self._hold(await self._fetch_granted(fetched), grant, verified=verified)

    async def recheck(self, held: HeldCredentials, memory: GrantMemory) -> HeldCredentials:
        """Ask ConductorOne again whether the grant is still there.

        Raises:
            NoActiveGrant: It is gone.
            Unreachable: Nobody knows, and that isn't enough.
        """
        now = self._clock.now()
        try:
            grant = await self._tenant.grant(self._profile.entitlement)
        except Unreachable:
            if self._strict:
                raise
            return replace(held, checked_at=now, unverified=True)
        if grant is None or not grant.active(now):
            if not memory.may_be_unlisted(now):
                raise grant_ended(self._profile, grant.ends if grant else held.grant_ends, now)
            return replace(held, checked_at=now)
        self.grant_listed = True
        return replace(held, checked_at=now, grant_ends=grant.ends, unverified=False)

    async def extend(self, held: HeldCredentials) -> HeldCredentials:
        """Ask for more time before the grant ends, and look how long it is then.

        Raises:
            ConeError: There is no more time.
        """
        self._turns.take(Cause.EXTENDING)
        await self._request.extended()
        self._turns.take(Cause.EXTENDED)
        return await self.recheck(held, GrantMemory(granted_at=self._clock.now()))

    def _hold(
        self, credentials: RoleCredentials, grant: Grant | None, *, verified: bool
    ) -> HeldCredentials:
        now = self._clock.now()
        return HeldCredentials(
            credentials,
            grant_ends=grant.ends if grant else None,
            fetched_at=now,
            checked_at=now,
            unverified=not verified,
        )

    async def _check(self) -> tuple[Grant | None, Fetched, bool]:
        """Ask ConductorOne and AWS at the same time; returns grant, AWS's answer, verified."""
        fetch = asyncio.create_task(self._fetch())
        look = asyncio.create_task(self._tenant.grant(self._profile.entitlement))
        try:
            await asyncio.wait({fetch, look}, return_when=asyncio.FIRST_COMPLETED)
            if not look.done() and not self._strict and isinstance(fetch.result(), RoleCredentials):
                await asyncio.wait({look}, timeout=CONDUCTORONE_GRACE_S)
                if not look.done():
                    return None, fetch.result(), False
            try:
                grant = await look
            except Unreachable:
                if self._strict:
                    raise
                fetched = await fetch
                if isinstance(fetched, RoleCredentials):
                    return None, fetched, False
                raise
            if grant is None or not grant.active(self._clock.now()):
                return None, RoleNotAssigned(), True
            self.grant_listed = True
            return grant, await fetch, True
        finally:
            for task in (fetch, look):
                task.cancel()
            await asyncio.gather(fetch, look, return_exceptions=True)

    async def _fetch(self) -> Fetched:
        """Ask AWS, and return the refusal instead of raising it: the grant decides what it means."""
        try:
            return await self._identity_center.role_credentials(
                self._profile.account_id, self._profile.role_name
            )
        except Exception as refusal:  # noqa: BLE001 -- returned, and raised where it counts
            return refusal

    async def _fetch_granted(self, fetched: Fetched | None) -> RoleCredentials:
        """Get the credentials of a granted role: wait for AWS to know it, sign in where it must."""
        started = self._clock.monotonic()
        delays = propagation_delays()
        waiting = False
        while True:
            answer = await self._fetch() if fetched is None else fetched
            fetched = None
            if isinstance(answer, RoleCredentials):
                return answer
            if isinstance(answer, SessionEnded):
                await self._sign_in()
                started = self._clock.monotonic()
                continue
            if not isinstance(answer, RoleNotAssigned):
                raise answer
            if self._clock.monotonic() - started > PROPAGATION_LIMIT_S:
                raise propagation_timeout(self._profile)
            if not waiting:
                waiting = True
                self._turns.take(Cause.NOT_YET_IN_AWS, phase=Phase.PROPAGATING)
            await self._clock.sleep(next(delays))

    async def _sign_in(self) -> None:
        """Offer a sign-in and wait for the person to confirm it."""
        phase = self._turns.state.phase
        self._turns.take(Cause.SESSION_ENDED)
        pending = await self._identity_center.begin_sign_in()
        if pending:
            self._turns.take(
                Cause.SIGN_IN_OFFERED,
                phase=Phase.SIGN_IN_REQUIRED,
                sign_in_url=pending.verification_uri_complete,
                user_code=pending.user_code,
                expires=pending.expires,
            )
            await self._identity_center.complete_sign_in()
        self._turns.take(Cause.SIGNED_IN, phase=phase, sign_in_url="", user_code="", expires=None)
