"""AccessState: every state that the access behind a profile can be in."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from cone_sidecar.errors import ConeError


class Phase(StrEnum):
    """Where the story stands. What moves it on is in transitions.py."""

    UNKNOWN = "unknown"
    CHECKING = "checking"
    NO_GRANT = "no grant"
    REQUESTING = "requesting"
    MACHINE_STEP = "machine step"
    UNKNOWN_STEP = "unknown step"
    AWAITING_APPROVAL = "awaiting approval"
    FORM_REQUIRED = "form required"
    AWAITING_REPAIR = "awaiting repair"
    PROVISIONING = "provisioning"
    PROPAGATING = "propagating"
    SIGN_IN_REQUIRED = "sign-in required"
    READY = "ready"
    UNVERIFIED = "unverified"
    REFRESHING = "refreshing"
    DENIED = "denied"
    NOT_REQUESTABLE = "not requestable"
    CANCELLED = "cancelled"
    ERROR = "error"
    TIMED_OUT = "timed out"
    UNKNOWN_OUTCOME = "unknown outcome"
    GRANT_EXPIRED = "grant expired"
    REVOKED = "revoked"
    UNREACHABLE = "unreachable"
    FAILED = "failed"


# The request is open: who or what it waits for is the current policy step.
OPEN_TASK = frozenset(
    {
        Phase.REQUESTING,
        Phase.MACHINE_STEP,
        Phase.UNKNOWN_STEP,
        Phase.AWAITING_APPROVAL,
        Phase.FORM_REQUIRED,
        Phase.AWAITING_REPAIR,
        Phase.PROVISIONING,
    }
)
# A person ends these; nobody who asks for credentials waits for them unless told to.
WAITS_FOR_A_PERSON = frozenset(
    {
        Phase.AWAITING_APPROVAL,
        Phase.FORM_REQUIRED,
        Phase.AWAITING_REPAIR,
        Phase.SIGN_IN_REQUIRED,
    }
)
# Credentials are there, and served.
SERVED = frozenset({Phase.READY, Phase.UNVERIFIED, Phase.REFRESHING})


class Cause(StrEnum):
    """What moved the story on. The command line, the log and the page word it each in their way."""

    ASKED = "asked"
    NO_GRANT = "no active grant"
    GRANT_OVER = "the grant has ended"
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
    RENEWING = "renewing"
    CHECKED = "grant checked"
    LAPSED = "credentials ended"
    KEPT = "renewal failed, old credentials kept"
    EXTENDING = "asking for an extension"
    EXTENDED = "extension asked for"
    ENDED = "ended in an error"
    STOPPED = "stopped watching"
    FORGOTTEN = "forgotten"


@dataclass(frozen=True, slots=True)
class AccessState:
    """One moment of the story. Fields that a phase has no use for are empty.

    ``since`` is when the request was made, ``approvers`` who may decide it, ``detail`` a name of the
    API that we don't know. With an ``error``, a phase in ``SERVED`` goes on being served in spite of it;
    any other is where the story ended.
    """

    phase: Phase
    task_id: str = ""
    task_number: str = ""
    task_url: str = ""
    adopted: bool = False
    since: datetime | None = None
    approvers: tuple[str, ...] = ()
    detail: str = ""
    sign_in_url: str = ""
    user_code: str = ""
    expires: datetime | None = None
    grant_ends: datetime | None = None
    error: ConeError | None = None

    @property
    def over(self) -> bool:
        """Tell whether the story ended here, without credentials."""
        return self.error is not None and self.phase not in SERVED


@dataclass(frozen=True, slots=True)
class Transition:
    """The story of ``profile`` moved on to ``state`` at ``at``, because of ``cause``."""

    profile: str
    state: AccessState
    cause: Cause
    at: datetime
