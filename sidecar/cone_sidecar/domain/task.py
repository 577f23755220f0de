"""A request for access, as a waiting client sees it: a ConductorOne task and its policy step."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from cone_sidecar.domain.profile import EntitlementRef


class StepKind(StrEnum):
    """Who or what the current policy step waits for (reference §4.2)."""

    NONE = "none"
    APPROVAL = "approval"
    MACHINE = "machine"
    FORM = "form"
    PROVISION = "provision"
    UNKNOWN = "unknown"


class Outcome(StrEnum):
    """How a grant task ended. The API's enum is open: a name not listed here is OTHER."""

    UNSPECIFIED = "GRANT_OUTCOME_UNSPECIFIED"
    GRANTED = "GRANT_OUTCOME_GRANTED"
    DENIED = "GRANT_OUTCOME_DENIED"
    ERROR = "GRANT_OUTCOME_ERROR"
    CANCELLED = "GRANT_OUTCOME_CANCELLED"
    WAIT_TIMED_OUT = "GRANT_OUTCOME_WAIT_TIMED_OUT"
    OTHER = ""


@dataclass(frozen=True, slots=True)
class Task:
    """A grant task. Its ``closed`` alone ends the wait, never its outcome (reference §4.2).

    ``step_name`` is the API's name of the step, or of a state of the task that we don't know.
    ``approvers`` are the ids of the people who may decide the current step.
    """

    id: str
    number: str
    url: str
    closed: bool
    outcome: Outcome
    outcome_name: str
    step: StepKind
    step_name: str = ""
    created: datetime | None = None
    approvers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Grant:
    """Standing or time-limited access. ``ends`` None is standing."""

    ends: datetime | None = None

    def active(self, now: datetime) -> bool:
        """Tell whether it gives access: past its end it doesn't, whatever a list says."""
        return self.ends is None or self.ends > now


@dataclass(frozen=True, slots=True)
class Entitlement:
    """What a request for it has to respect."""

    ref: EntitlementRef
    display_name: str
    max_duration: timedelta | None
    form_id: str


@dataclass(frozen=True, slots=True)
class GrantRequest:
    """What is asked for. ``duration`` None leaves it to the tenant (standing, or its maximum)."""

    entitlement: EntitlementRef
    justification: str
    duration: timedelta | None
    emergency: bool = False
    extension: bool = False
