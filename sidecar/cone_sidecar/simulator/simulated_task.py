"""A request as the tenant keeps it: its policy steps, where it stands, how it ended."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from cone_sidecar.simulator.simulated_entitlement import SimulatedEntitlement


class StepKind(StrEnum):
    """What a policy step is."""

    WEBHOOK = "webhook"
    AGENT = "agent"
    EXPRESSION = "expression"
    WAIT = "wait"
    APPROVAL = "approval"
    FORM = "form_step"
    REJECT = "deny"
    PROVISION = "provision"
    FAILING_PROVISION = "error"
    TIMING_OUT = "timeout"


class Outcome(StrEnum):
    """How a task ended; the API's names without their prefix."""

    UNSPECIFIED = "UNSPECIFIED"
    GRANTED = "GRANTED"
    DENIED = "DENIED"
    ERROR = "ERROR"
    CANCELLED = "CANCELLED"
    WAIT_TIMED_OUT = "WAIT_TIMED_OUT"
    REVOKED = "REVOKED"


class StepEnd(StrEnum):
    """How a step was left behind."""

    COMPLETED = "completed"
    DENIED = "denied"
    CANCELLED = "cancelled"
    ERRORED = "errored"
    TIMED_OUT = "timed out"
    SKIPPED = "skipped"


@dataclass(slots=True)
class SimulatedStep:
    """One policy step; ``ended`` None is a step that isn't over, ``by`` who ended it."""

    id: str
    kind: StepKind
    started: datetime | None = None
    ended: datetime | None = None
    end: StepEnd | None = None
    by: str = ""


@dataclass(slots=True)
class SimulatedTask:
    """A grant or revoke task. Machines decide nothing before ``decidable_from``."""

    id: str
    number: int
    user_id: str
    app_user_id: str
    created_by: str
    entitlement: SimulatedEntitlement
    description: str
    duration: timedelta | None
    emergency: bool
    revokes: bool
    steps: list[SimulatedStep]
    created_at: datetime
    data: dict[str, object]
    source: dict[str, object] = field(default_factory=dict)
    looks: int = 0
    decidable_from: datetime | None = None
    outcome: Outcome = Outcome.UNSPECIFIED
    closed_at: datetime | None = None
    updated_at: datetime | None = None
    comments: list[str] = field(default_factory=list)
    position: int = 0

    @property
    def closed(self) -> bool:
        """Tell whether it is over."""
        return self.closed_at is not None

    @property
    def current(self) -> SimulatedStep | None:
        """Return the step that it waits for; none before the first look, and none at the end."""
        if self.closed or self.looks == 0 or self.position >= len(self.steps):
            return None
        return self.steps[self.position]
