"""Somebody's access, in ConductorOne and in AWS."""

from dataclasses import dataclass
from datetime import datetime

from cone_sidecar.simulator.simulated_entitlement import SimulatedEntitlement


@dataclass(slots=True)
class SimulatedGrant:
    """Somebody's access. It shows in ConductorOne from ``visible_at``, in AWS from ``usable_at``."""

    user_id: str
    app_user_id: str
    entitlement: SimulatedEntitlement
    granted_at: datetime
    visible_at: datetime
    usable_at: datetime
    ends: datetime | None
    revoked_at: datetime | None = None

    def stands(self, now: datetime) -> bool:
        """Tell whether it has neither ended nor been revoked."""
        return self.revoked_at is None and (self.ends is None or self.ends > now)


@dataclass(frozen=True, slots=True)
class AssignedRole:
    """A role that AWS lets a person assume."""

    account_id: str
    account_name: str
    role_name: str
