"""AccessState: every state that the access behind a profile can be in."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from cone_sidecar.errors import ConeError


class Phase(StrEnum):
    """Where the story stands."""

    UNKNOWN = "unknown"
    CHECKING = "checking"
    REQUESTING = "requesting"
    MACHINE_STEP = "machine step"
    AWAITING_APPROVAL = "awaiting approval"
    AWAITING_FORM = "form required"
    AWAITING_REPAIR = "awaiting repair"
    PROVISIONING = "provisioning"
    PROPAGATING = "propagating"
    SIGN_IN_REQUIRED = "sign-in required"
    READY = "ready"
    FAILED = "failed"


# A person ends these; nobody who asks for credentials waits for them unless told to.
WAITS_FOR_A_PERSON = frozenset(
    {
        Phase.AWAITING_APPROVAL,
        Phase.AWAITING_FORM,
        Phase.AWAITING_REPAIR,
        Phase.SIGN_IN_REQUIRED,
    }
)


class Cause(StrEnum):
    """What moved the story on. The command line, the log and the page word it each in their way."""

    ASKED = "asked"
    NO_GRANT = "no active grant"
    SUBMITTING = "submitting a request"
    SUBMITTED = "request submitted"
    ADOPTED = "open request adopted"
    LOOKED = "request looked at"
    GRANTED = "access granted"
    NOT_YET_IN_AWS = "not yet known to AWS"
    SESSION_ENDED = "AWS session ended"
    SIGN_IN_OFFERED = "sign-in offered"
    SIGNED_IN = "signed in"
    SERVED = "credentials received"
    CHECKED = "grant checked"
    KEPT = "renewal failed, old credentials kept"
    ENDED = "ended in an error"
    STOPPED = "stopped watching"


@dataclass(frozen=True, slots=True)
class AccessState:
    """One moment of the story. Fields that a phase has no use for are empty."""

    phase: Phase
    task_id: str = ""
    task_number: str = ""
    task_url: str = ""
    adopted: bool = False
    sign_in_url: str = ""
    user_code: str = ""
    expires: datetime | None = None
    grant_ends: datetime | None = None
    unverified: bool = False
    error: ConeError | None = None


@dataclass(frozen=True, slots=True)
class Transition:
    """The story of ``profile`` moved on to ``state`` at ``at``, because of ``cause``."""

    profile: str
    state: AccessState
    cause: Cause
    at: datetime
