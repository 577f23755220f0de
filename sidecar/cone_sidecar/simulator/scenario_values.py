"""What a scenario says, read and checked."""

from dataclasses import dataclass, field

from cone_sidecar.secret import Secret

HOUR_S = 3600.0
DAY_S = 24 * HOUR_S


@dataclass(frozen=True, slots=True)
class ScenarioUser:
    """A person. Id and secret are made when they are absent; ``app_users`` are accounts in the AWS app."""

    email: str
    name: str = ""
    app_users: int = 1
    client_id: str = ""
    client_secret: Secret = field(default_factory=lambda: Secret(""), repr=False)


@dataclass(frozen=True, slots=True)
class ScenarioAccount:
    """An AWS account; ``partition`` is empty for AWS's first one."""

    id: str
    name: str
    email: str = ""
    partition: str = ""


@dataclass(frozen=True, slots=True)
class Lags:
    """Delays in seconds: of every answer, of the tenant's decisions, of what shows where."""

    latency: float = 0.0
    policy_step: float = 0.0
    provisioning: float = 0.0
    grant_visibility: float = 0.0
    propagation: float = 0.0


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """Lives in seconds: of access tokens, of Identity Center's refresh tokens, of role credentials."""

    access_token: float = HOUR_S
    refresh_token: float = 90 * DAY_S
    role_credentials: float = HOUR_S


@dataclass(frozen=True, slots=True)
class ScenarioPermissionSet:
    """A permission set on an account: who has it, and what a request for it goes through.

    ``other_connectors`` are the ids by which further connectors know it. ``lags`` None are those of the
    whole scenario.
    """

    account: str
    name: str
    steps: tuple[str, ...] = ()
    granted_to: tuple[str, ...] = ()
    grant_ends: float | None = None
    max_duration: float | None = None
    requestable: bool = True
    emergency: bool = False
    description: str = ""
    alias: str = ""
    other_connectors: tuple[str, ...] = ()
    lags: Lags | None = None


@dataclass(frozen=True, slots=True)
class Bulk:
    """How many accounts and permission sets on each are generated on top."""

    accounts: int = 0
    permission_sets: int = 0


@dataclass(frozen=True, slots=True)
class Scenario:
    """All that a simulator starts with."""

    tenant: str = "acme"
    users: tuple[ScenarioUser, ...] = ()
    accounts: tuple[ScenarioAccount, ...] = ()
    permission_sets: tuple[ScenarioPermissionSet, ...] = ()
    bulk: Bulk = Bulk()
    lags: Lags = Lags()
    lifetimes: Lifetimes = Lifetimes()
