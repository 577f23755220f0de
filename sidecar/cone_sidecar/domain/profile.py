"""A profile: which AWS role it stands for, and how its access is asked for."""

from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple

DEFAULT_TENANT = "default"
DEFAULT_SSO_SESSION = "cone-sso"
DEFAULT_SCOPES = "sso:account:access"
DEFAULT_JUSTIFICATION = "Auto-requested via cone aws credentials"


class EntitlementRef(NamedTuple):
    """An entitlement's identity; its id is unique only within its app (reference §0)."""

    app_id: str
    entitlement_id: str


@dataclass(frozen=True, slots=True)
class SsoSession:
    """An IAM Identity Center instance, as the AWS config file names it."""

    name: str
    start_url: str
    region: str
    scopes: tuple[str, ...] = (DEFAULT_SCOPES,)


@dataclass(frozen=True, slots=True)
class RequestTerms:
    """How access is asked for.

    ``duration`` None asks for the entitlement's maximum, ``extend_before`` None for no extension: else it
    is how long before the grant's end one is asked for.
    """

    justification: str = DEFAULT_JUSTIFICATION
    duration: timedelta | None = None
    emergency: bool = False
    auto_request: bool = True
    extend_before: timedelta | None = None


DEFAULT_TERMS = RequestTerms()


@dataclass(frozen=True, slots=True)
class Profile:
    """An AWS role behind a ConductorOne entitlement, under the name that a person uses."""

    name: str
    entitlement: EntitlementRef
    account_id: str
    role_name: str
    session: SsoSession
    tenant: str = DEFAULT_TENANT
    region: str = ""
    terms: RequestTerms = DEFAULT_TERMS


@dataclass(frozen=True, slots=True)
class PermissionSet:
    """An AWS permission set on an account, as a tenant's catalogue lists it."""

    entitlement: EntitlementRef
    account_id: str
    account_name: str
    role_name: str
    display_name: str
    partition: str = "aws"
    granted: bool = False
    alias: str = ""
    app_name: str = ""


@dataclass(frozen=True, slots=True)
class SkippedEntitlement:
    """A catalogue row that looks like a permission set and can't be used; ``reason`` says why."""

    display_name: str
    reason: str
    entitlement: EntitlementRef | None = None
