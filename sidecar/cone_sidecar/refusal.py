"""What a caller is told when the story isn't at its end: one error for each phase."""

import shlex
from datetime import datetime
from typing import assert_never

from cone_sidecar.domain.access import AccessState, Phase
from cone_sidecar.domain.profile import EntitlementRef, Profile
from cone_sidecar.domain.task import Outcome, Task
from cone_sidecar.errors import (
    AccessDenied,
    AccessError,
    ApprovalRequired,
    ConeError,
    GrantExpired,
    GrantRevoked,
    InternalError,
    NoActiveGrant,
    NotRequestable,
    PropagationTimeout,
    RequestCancelled,
    RequestEnded,
    RequestFailed,
    RequestFormRequired,
    RequestTimedOut,
    SignInRequired,
    StillProcessing,
    Unreachable,
)


def form_command(entitlement: EntitlementRef) -> str:
    """Return the command that fills in a request form."""
    return f"cone get --app-id {entitlement.app_id} --entitlement-id {entitlement.entitlement_id}"


def form_required(profile: Profile, *, task: str = "", url: str = "") -> RequestFormRequired:
    """Tell that a form has to be filled in, before (``task`` empty) or after the request."""
    where = f"task {task} " if task else ""
    return RequestFormRequired(
        f'access to "{profile.name}" needs a request form: {where}{url}'.rstrip(": "),
        hint=form_command(profile.entitlement),
        task=task,
        url=url,
        profile=profile.name,
    )


def request_command(profile: Profile) -> str:
    """Return the command that asks for the profile's access."""
    return f"cone aws request {shlex.quote(profile.name)}"


def no_active_grant(profile: Profile) -> NoActiveGrant:
    """Tell that there is no grant, and that nobody asked for one."""
    return NoActiveGrant(
        f'no active grant for "{profile.name}"',
        hint=request_command(profile),
        profile=profile.name,
    )


def grant_ended(profile: Profile, ends: datetime | None, now: datetime) -> NoActiveGrant:
    """Tell that a grant which was served is gone: its time is over, or somebody took it back."""
    hint = request_command(profile)
    if ends is not None and ends <= now:
        return GrantExpired(
            f'the grant for "{profile.name}" has expired', hint=hint, profile=profile.name
        )
    return GrantRevoked(
        f'the grant for "{profile.name}" was revoked', hint=hint, profile=profile.name
    )


def pending_unseen(profile: Profile) -> ApprovalRequired:
    """Tell that there is an open request which ConductorOne doesn't name."""
    return ApprovalRequired(
        f'a pending request already exists for "{profile.name}"',
        hint="check ConductorOne for status, then retry",
        adopted=True,
    )


def propagation_timeout(profile: Profile) -> PropagationTimeout:
    """Tell that AWS goes on saying no to a role that is granted."""
    return PropagationTimeout(
        f'access to "{profile.name}" is granted, but AWS does not know it yet',
        hint="retry in a minute; if it stays so, check the profile's account id and role name",
        profile=profile.name,
    )


def ended(profile: Profile, task: Task) -> AccessError | None:
    """Return the error that a closed task ended in, None where access was granted."""
    evidence = {"task": task.number, "url": task.url}
    where = f"task {task.number} {task.url}"
    hint = f"cone task get {task.number}"
    name = profile.name
    match task.outcome:
        case Outcome.GRANTED:
            return None
        case Outcome.DENIED:
            error: AccessError = AccessDenied(
                f'access request for "{name}" was denied: {where}', hint=hint, **evidence
            )
        case Outcome.CANCELLED:
            error = RequestCancelled(
                f'access request for "{name}" was cancelled: {where}', hint=hint, **evidence
            )
        case Outcome.ERROR | Outcome.UNSPECIFIED:
            error = request_failed(profile, task.number, task.url)
        case Outcome.WAIT_TIMED_OUT:
            error = RequestTimedOut(
                f'access request for "{name}" timed out: {where}', hint=hint, **evidence
            )
        case Outcome.OTHER:
            error = RequestEnded(
                f'access request for "{name}" ended: {where}',
                outcome=task.outcome_name,
                **evidence,
            )
        case _:
            assert_never(task.outcome)
    error.profile = name
    return error


def request_failed(profile: Profile, number: str, url: str) -> RequestFailed:
    """Tell that carrying out the request failed."""
    return RequestFailed(
        f'access request for "{profile.name}" encountered an error: task {number} {url}',
        hint=f"cone task get {number}",
        task=number,
        url=url,
        profile=profile.name,
    )


def sign_in_required(state: AccessState) -> SignInRequired:
    """Tell where to sign in, and which code to compare."""
    return SignInRequired(
        f"sign in to AWS at {state.sign_in_url} and compare the code {state.user_code}",
        user_code=state.user_code,
        hint="then retry",
        url=state.sign_in_url,
    )


def refusal(profile: Profile, state: AccessState) -> ConeError:
    """Return the error for a caller who doesn't wait any longer."""
    error = state.error if state.over and state.error else _meanwhile(profile, state)
    error.profile = profile.name
    return error


def _meanwhile(profile: Profile, state: AccessState) -> ConeError:  # noqa: PLR0911 -- one for each phase
    """Return what is told while the story goes on."""
    name, number, url = profile.name, state.task_number, state.task_url
    where = f": task {number} {url}" if number else ""
    match state.phase:
        case Phase.AWAITING_APPROVAL:
            by = f" ({', '.join(state.approvers)})" if state.approvers else ""
            return ApprovalRequired(
                f'access to "{name}" awaits approval: task {number} {url}{by}',
                task=number,
                url=url,
                hint=f"cone task get {number}",
                adopted=state.adopted,
            )
        case Phase.FORM_REQUIRED:
            return form_required(profile, task=number, url=url)
        case Phase.AWAITING_REPAIR:
            return request_failed(profile, number, url)
        case Phase.SIGN_IN_REQUIRED:
            return sign_in_required(state)
        case Phase.PROPAGATING:
            return StillProcessing(
                f'access to "{name}" is granted, and AWS is about to know it{where}',
                hint="retry the command shortly",
                task=number,
                url=url,
            )
        case (
            Phase.UNKNOWN
            | Phase.CHECKING
            | Phase.NO_GRANT
            | Phase.REQUESTING
            | Phase.MACHINE_STEP
            | Phase.UNKNOWN_STEP
            | Phase.PROVISIONING
            | Phase.READY
            | Phase.UNVERIFIED
            | Phase.REFRESHING
            | Phase.GRANT_EXPIRED
        ):
            return StillProcessing(
                f'request for "{name}" is still processing{where}',
                hint="retry the command shortly",
                task=number,
                url=url,
            )
        case (
            Phase.DENIED
            | Phase.NOT_REQUESTABLE
            | Phase.CANCELLED
            | Phase.ERROR
            | Phase.TIMED_OUT
            | Phase.UNKNOWN_OUTCOME
            | Phase.REVOKED
            | Phase.UNREACHABLE
            | Phase.FAILED
        ):
            return InternalError("the story ended without a reason", hint="please report it")
        case _:
            assert_never(state.phase)


def phase_of(error: ConeError) -> Phase:
    """Return the phase in which a story that ended in ``error`` rests."""
    for kind in type(error).__mro__:
        if kind in END_PHASES:
            return END_PHASES[kind]
    return Phase.FAILED


END_PHASES: dict[type, Phase] = {
    ApprovalRequired: Phase.AWAITING_APPROVAL,
    RequestFormRequired: Phase.FORM_REQUIRED,
    AccessDenied: Phase.DENIED,
    NotRequestable: Phase.NOT_REQUESTABLE,
    GrantExpired: Phase.GRANT_EXPIRED,
    GrantRevoked: Phase.REVOKED,
    NoActiveGrant: Phase.NO_GRANT,
    RequestCancelled: Phase.CANCELLED,
    RequestFailed: Phase.ERROR,
    RequestTimedOut: Phase.TIMED_OUT,
    RequestEnded: Phase.UNKNOWN_OUTCOME,
    PropagationTimeout: Phase.PROPAGATING,
    SignInRequired: Phase.SIGN_IN_REQUIRED,
    Unreachable: Phase.UNREACHABLE,
}
