"""What of the story is worth an Event, in the words that callers are told."""

from dataclasses import dataclass, field
from datetime import datetime

from cone_sidecar.domain.access import WAITS_FOR_A_PERSON, Cause, Phase, Transition
from cone_sidecar.domain.profile import Profile
from cone_sidecar.errors import ConeError, SignInRequired
from cone_sidecar.refusal import refusal

GRANTED = "AccessGranted"
READY = "AccessReady"
# We stop, or somebody told us to: nothing that a pod's reader has to know.
UNTOLD = frozenset({Cause.STOPPED, Cause.FORGOTTEN})


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing to be told.

    ``subject`` and ``task`` are what it is about, ``reason`` is an error's code (docs/errors.md) or one of
    the two above. Two are equal if they tell the same, whosever story it was.
    """

    subject: str
    task: str
    reason: str
    message: str
    warning: bool
    profile: str = field(compare=False)
    at: datetime = field(compare=False)


def notice_of(profile: Profile, event: Transition) -> Notice | None:
    """Return what ``event`` in the story of ``profile`` tells, None where it tells nothing."""
    state = event.state
    if event.cause in UNTOLD:
        return None
    if state.error:
        return _warning(profile, state.error, event.at)
    if state.phase in WAITS_FOR_A_PERSON:
        return _warning(profile, refusal(profile, state), event.at)
    if event.cause is Cause.GRANTED:
        granted = refusal(profile, state)
        return Notice(
            subject=profile.name,
            task=granted.task,
            reason=GRANTED,
            message=granted.message,
            warning=False,
            profile=profile.name,
            at=event.at,
        )
    if state.phase in {Phase.READY, Phase.UNVERIFIED}:
        return Notice(
            subject=profile.name,
            task="",
            reason=READY,
            message=f'access to "{profile.name}" is ready',
            warning=False,
            profile=profile.name,
            at=event.at,
        )
    return None


def _warning(profile: Profile, error: ConeError, at: datetime) -> Notice:
    # One sign-in is for all profiles of its session.
    session = f"sso-session {profile.session.name}"
    return Notice(
        subject=session if isinstance(error, SignInRequired) else profile.name,
        task=error.task,
        reason=error.code,
        message=f"{error.message}; {error.hint}" if error.hint else error.message,
        warning=True,
        profile=profile.name,
        at=at,
    )
