"""The just-in-time story of one profile, told once: grant, request, sign-in, propagation, credentials."""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from cone_sidecar.clock import Clock
from cone_sidecar.domain.access import AccessState, Cause, Phase
from cone_sidecar.domain.credentials import RoleCredentials
from cone_sidecar.domain.ports import (
    DuplicateTask,
    HeldCredentials,
    IdentityCenter,
    RoleNotAssigned,
    SessionEnded,
    Tenant,
)
from cone_sidecar.domain.profile import Profile
from cone_sidecar.domain.task import Grant, GrantRequest, Outcome, StepKind, Task
from cone_sidecar.errors import ApprovalRequired, ConeError, Unreachable
from cone_sidecar.pace import PROPAGATION_LIMIT_S, propagation_delays, task_delays
from cone_sidecar.refusal import (
    ended,
    form_required,
    grant_ended,
    no_active_grant,
    propagation_timeout,
)

Publish = Callable[[AccessState, Cause], None]
# What AWS answered to a fetch that ran beside the grant check.
Fetched = RoleCredentials | Exception

# Once AWS has answered, ConductorOne gets this long before what AWS gave is served unverified.
CONDUCTORONE_GRACE_S = 2.0
# Grants show up in the list up to two minutes after the task is closed (reference §0).
GRANT_VISIBILITY = timedelta(minutes=3)

STEP_PHASES = {
    StepKind.NONE: Phase.MACHINE_STEP,
    StepKind.MACHINE: Phase.MACHINE_STEP,
    StepKind.APPROVAL: Phase.AWAITING_APPROVAL,
    StepKind.FORM: Phase.AWAITING_FORM,
    StepKind.PROVISION: Phase.PROVISIONING,
}


class AccessStory:
    """Tell the story for ``profile``; ``publish`` hears of each turn."""

    def __init__(
        self,
        profile: Profile,
        *,
        tenant: Tenant,
        identity_center: IdentityCenter,
        clock: Clock,
        publish: Publish,
    ) -> None:
        self._profile = profile
        self._tenant = tenant
        self._identity_center = identity_center
        self._clock = clock
        self._publish = publish
        self._state = AccessState(Phase.UNKNOWN)

    async def obtain(
        self,
        refused: ConeError | None = None,
        granted_at: datetime | None = None,
        known_end: datetime | None = None,
    ) -> HeldCredentials:
        """Get credentials, asking for access where there is none.

        Args:
            refused: How the last request ended, if that is too fresh to ask again.
            granted_at: When a request of ours was granted; a grant that young may not be listed yet.
            known_end: When the grant ends, as far as that was known before.

        Raises:
            ConeError: How the story ended instead.
        """
        self._turn(Cause.ASKED, phase=Phase.CHECKING)
        grant, answer, verified = await self._check()
        fetched: Fetched | None = answer
        if grant is None and not verified:
            grant = Grant(known_end)
        elif grant is None and self._still_invisible(granted_at):
            grant, fetched = Grant(known_end), None
        elif grant is None:
            self._turn(Cause.NO_GRANT, phase=Phase.REQUESTING)
            if refused:
                raise refused
            grant, fetched = await self._request(), None
        return self._hold(await self._fetch_granted(fetched), grant, verified=verified)

    async def renew(self, held: HeldCredentials, granted_at: datetime | None) -> HeldCredentials:
        """Get new credentials for a grant that is being served; never asks for access.

        Args:
            held: What is served now.
            granted_at: When a request of ours was granted; a grant that young may not be listed yet.

        Raises:
            NoActiveGrant: The grant is gone.
            ConeError: Renewing failed.
        """
        grant, fetched, verified = await self._check()
        if grant is None:
            if verified and not self._still_invisible(granted_at):
                raise grant_ended(self._profile)
            grant = Grant(held.grant_ends)
        return self._hold(await self._fetch_granted(fetched), grant, verified=verified)

    async def recheck(self, held: HeldCredentials, granted_at: datetime | None) -> HeldCredentials:
        """Ask ConductorOne again whether the grant is still there.

        Raises:
            NoActiveGrant: It is gone.
        """
        now = self._clock.now()
        try:
            grant = await self._tenant.grant(self._profile.entitlement)
        except Unreachable:
            return replace(held, checked_at=now, unverified=True)
        if not _active(grant, now):
            if not self._still_invisible(granted_at):
                raise grant_ended(self._profile)
            return replace(held, checked_at=now)
        ends = grant.ends if grant else None
        return replace(held, checked_at=now, grant_ends=ends, unverified=False)

    def _still_invisible(self, granted_at: datetime | None) -> bool:
        """Tell whether a grant of ours is so young that it may not be listed yet."""
        return granted_at is not None and self._clock.now() - granted_at <= GRANT_VISIBILITY

    def _turn(self, cause: Cause, **changes: object) -> None:
        self._state = replace(self._state, **changes)  # type: ignore[arg-type]  # checked by callers' tests
        self._publish(self._state, cause)

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
            if not look.done() and isinstance(fetch.result(), RoleCredentials):
                await asyncio.wait({look}, timeout=CONDUCTORONE_GRACE_S)
                if not look.done():
                    return None, fetch.result(), False
            try:
                grant = await look
            except Unreachable:
                fetched = await fetch
                if isinstance(fetched, RoleCredentials):
                    return None, fetched, False
                raise
            if not _active(grant, self._clock.now()):
                return None, RoleNotAssigned(), True
            return grant, await fetch, True
        finally:
            for task in (fetch, look):
                task.cancel()
            with contextlib.suppress(Exception, asyncio.CancelledError):
                await asyncio.gather(fetch, look, return_exceptions=True)

    async def _fetch(self) -> Fetched:
        """Ask AWS, and return the refusal instead of raising it: the grant decides what it means."""
        try:
            return await self._identity_center.role_credentials(
                self._profile.account_id, self._profile.role_name
            )
        except Exception as refusal:  # noqa: BLE001 -- returned, and raised where it counts
            return refusal

    async def _request(self) -> Grant:
        """Ask for access and follow the task to its end; returns what was asked for as the grant."""
        profile = self._profile
        if not profile.terms.auto_request:
            raise no_active_grant(profile)
        form, entitlement = await asyncio.gather(
            self._tenant.request_form(profile.entitlement),
            self._tenant.entitlement(profile.entitlement),
        )
        if form or entitlement.form_id:
            raise form_required(profile)
        request = GrantRequest(
            entitlement=profile.entitlement,
            justification=profile.terms.justification,
            duration=profile.terms.duration or entitlement.max_duration,
            emergency=profile.terms.emergency,
        )
        self._turn(Cause.SUBMITTING)
        try:
            task = await self._tenant.request_grant(request)
        except DuplicateTask as duplicate:
            task = await self._adopt(duplicate.task_id)
        else:
            self._turn(Cause.SUBMITTED, **_evidence(task))
        await self._follow(task)
        # The list tells its end later; until then it is what was asked for.
        return Grant(self._clock.now() + request.duration if request.duration else None)

    async def _adopt(self, task_id: str) -> Task:
        if not task_id:
            raise ApprovalRequired(
                f'a pending request already exists for "{self._profile.name}"',
                hint="check ConductorOne for status, then retry",
                adopted=True,
            )
        task = await self._tenant.task(task_id)
        self._turn(Cause.ADOPTED, adopted=True, **_evidence(task))
        return task

    async def _follow(self, task: Task) -> None:
        """Look at the task until it is closed, whoever has to act in between.

        Raises:
            AccessError: It was closed without a grant.
        """
        for delay in task_delays():
            # One failed look is no reason to give up what a person may be about to approve.
            with contextlib.suppress(Unreachable):
                task = await self._tenant.task(task.id)
            self._turn(Cause.LOOKED, phase=self._state.phase if task.closed else _phase_of(task))
            if task.closed:
                if error := ended(self._profile, task):
                    raise error
                self._turn(Cause.GRANTED, phase=Phase.PROPAGATING)
                return
            await self._clock.sleep(delay)

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
                self._turn(Cause.NOT_YET_IN_AWS, phase=Phase.PROPAGATING)
            await self._clock.sleep(next(delays))

    async def _sign_in(self) -> None:
        """Offer a sign-in and wait for the person to confirm it."""
        phase = self._state.phase
        self._turn(Cause.SESSION_ENDED, phase=phase)
        pending = await self._identity_center.begin_sign_in()
        if pending:
            self._turn(
                Cause.SIGN_IN_OFFERED,
                phase=Phase.SIGN_IN_REQUIRED,
                sign_in_url=pending.verification_uri_complete,
                user_code=pending.user_code,
                expires=pending.expires,
            )
            await self._identity_center.complete_sign_in()
        self._turn(Cause.SIGNED_IN, phase=phase, sign_in_url="", user_code="", expires=None)


def _active(grant: Grant | None, now: datetime) -> bool:
    """Tell whether there is access: past its end there is none, whatever the list says."""
    return grant is not None and (grant.ends is None or grant.ends > now)


def _evidence(task: Task) -> dict[str, object]:
    return {"task_id": task.id, "task_number": task.number, "task_url": task.url}


def _phase_of(task: Task) -> Phase:
    if task.outcome is Outcome.ERROR:
        return Phase.AWAITING_REPAIR
    return STEP_PHASES[task.step]
