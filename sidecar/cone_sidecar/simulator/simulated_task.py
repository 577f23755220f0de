"""A request as the tenant keeps it: its policy steps, where it stands, how it ended."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cone_sidecar.simulator.world import SimulatedEntitlement


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


@dataclass(slots=True)
class SimulatedStep:
    """One policy step; ``ended`` None is a step that isn't over, ``by`` who ended it."""

    id: str
    kind: StepKind
    started: datetime | None = None
    ended: datetime | None = None
    by: str = ""
    denied: bool = False


@dataclass(slots=True)
class SimulatedTask:
    """A grant or revoke task."""

    id: str
    number: int
    user_id: str
    created_by: str
    entitlement: "SimulatedEntitlement"
    description: str
    duration: timedelta | None
    emergency: bool
    revokes: bool
    steps: list[SimulatedStep]
    created_at: datetime
    data: dict[str, object]
    looks: int = 0
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
