"""A request for access: made or adopted, and followed to its end."""

import asyncio
import contextlib
from collections.abc import Callable
from datetime import timedelta

from cone_sidecar.clock import Clock
from cone_sidecar.domain.access import Cause, Phase
from cone_sidecar.domain.ports import DuplicateTask, Tenant
from cone_sidecar.domain.profile import Profile
from cone_sidecar.domain.task import Grant, GrantRequest, Outcome, StepKind, Task
from cone_sidecar.errors import ConeError, Unreachable, UpstreamRejected
from cone_sidecar.pace import task_delays
from cone_sidecar.refusal import ended, form_required, no_active_grant, pending_unseen
from cone_sidecar.turns import Turns

Justify = Callable[[Profile], str]

STEP_PHASES = {
    StepKind.NONE: Phase.MACHINE_STEP,
    StepKind.MACHINE: Phase.MACHINE_STEP,
    StepKind.APPROVAL: Phase.AWAITING_APPROVAL,
    StepKind.FORM: Phase.FORM_REQUIRED,
    StepKind.PROVISION: Phase.PROVISIONING,
    StepKind.UNKNOWN: Phase.UNKNOWN_STEP,
}
# Names are asked for one by one; more of them help nobody.
MOST_APPROVERS = 3


def stated_justification(profile: Profile) -> str:
    """Return the profile's justification as it is."""
    return profile.terms.justification


class AccessRequest:
    """Ask for the access of ``profile``; ``turns`` tell how it goes."""

    def __init__(
        self, profile: Profile, *, tenant: Tenant, clock: Clock, turns: Turns, justify: Justify
    ) -> None:
        self._profile = profile
        self._tenant = tenant
        self._clock = clock
        self._turns = turns
        self._justify = justify
        self._names: dict[str, str] = {}

    async def granted(self, refused: ConeError | None = None) -> Grant:
        """Ask, and wait until access is granted; returns what was asked for as the grant.

        ``refused`` is how the last request ended, if that is too fresh to ask again: then, as where nobody
        may ask, a request that somebody else has made is followed all the same.

        Raises:
            AccessError: It won't be.
        """
        if refused or not self._profile.terms.auto_request:
            duration = None
            task = await self._open(refused or no_active_grant(self._profile))
        else:
            task, duration = await self._create(extension=False)
        await self._follow(task)
        self._turns.take(Cause.GRANTED, phase=Phase.PROPAGATING, approvers=(), detail="")
        # The list tells its end later; until then it is what was asked for.
        return Grant(self._clock.now() + duration if duration else None)

    async def extended(self) -> None:
        """Ask for more time, and wait until that is granted; raises as :meth:`granted` does."""
        task, _ = await self._create(extension=True)
        await self._follow(task)

    async def _open(self, otherwise: ConeError) -> Task:
        """Adopt the request that is open already; raises ``otherwise`` where there is none."""
        task: Task | None = None
        with contextlib.suppress(UpstreamRejected):
            task = await self._tenant.open_request(self._profile.entitlement)
        if task is None:
            raise otherwise
        evidence = _evidence(task)
        self._turns.take(Cause.ADOPTED, phase=Phase.REQUESTING, adopted=True, **evidence)
        return task

    async def _create(self, *, extension: bool) -> tuple[Task, timedelta | None]:
        profile, terms = self._profile, self._profile.terms
        form, entitlement = await asyncio.gather(
            self._tenant.request_form(profile.entitlement),
            self._tenant.entitlement(profile.entitlement),
        )
        if form or entitlement.form_id:
            required = form_required(profile)
            if extension:
                raise required
            return await self._open(required), None
        request = GrantRequest(
            entitlement=profile.entitlement,
            justification=self._justify(profile),
            duration=terms.duration or entitlement.max_duration,
            emergency=terms.emergency,
            extension=extension,
        )
        if not extension:
            self._turns.take(Cause.SUBMITTING, phase=Phase.REQUESTING)
        try:
            task = await self._tenant.request_grant(request)
        except DuplicateTask as duplicate:
            if not duplicate.task_id:
                raise pending_unseen(profile) from None
            task = await self._tenant.task(duplicate.task_id)
            self._turns.take(Cause.ADOPTED, adopted=True, **_evidence(task))
        else:
            self._turns.take(Cause.SUBMITTED, **_evidence(task))
        return task, request.duration

    async def _follow(self, task: Task) -> None:
        """Look at the task until it is closed, whoever has to act in between.

        Raises:
            AccessError: It was closed without a grant.
        """
        looked_before: Phase | None = None
        for delay in task_delays():
            # One failed look is no reason to give up what a person may be about to approve.
            with contextlib.suppress(Unreachable):
                task = await self._tenant.task(task.id)
            if task.closed:
                self._turns.take(Cause.LOOKED)
                if error := ended(self._profile, task):
                    raise error
                return
            phase = phase_of_task(task)
            # Whoever waits on wants to know for whom; who is only told to come back doesn't.
            waits = phase is Phase.AWAITING_APPROVAL and looked_before is phase
            self._turns.take(
                Cause.LOOKED,
                phase=phase,
                since=task.created,
                detail=task.step_name if phase is Phase.UNKNOWN_STEP else "",
                approvers=await self._approvers(task) if waits else (),
            )
            looked_before = phase
            await self._clock.sleep(delay)

    async def _approvers(self, task: Task) -> tuple[str, ...]:
        """Return the names of those who may decide: the first few, and how many others."""
        for user_id in task.approvers[:MOST_APPROVERS]:
            if user_id not in self._names:
                with contextlib.suppress(ConeError):
                    self._names[user_id] = await self._tenant.user_name(user_id)
        named = [self._names[user_id] for user_id in task.approvers if user_id in self._names]
        others = len(task.approvers) - len(named)
        if not named or not others:
            return tuple(named)
        return (*named, "1 other" if others == 1 else f"{others} others")


def _evidence(task: Task) -> dict[str, object]:
    return {
        "task_id": task.id,
        "task_number": task.number,
        "task_url": task.url,
        "since": task.created,
    }


def phase_of_task(task: Task) -> Phase:
    """Return the phase of a story that follows ``task``, which is open."""
    if task.outcome is Outcome.ERROR:
        return Phase.AWAITING_REPAIR
    return STEP_PHASES[task.step]
