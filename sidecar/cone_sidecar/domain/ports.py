"""What the story needs from the outside, as Protocols; the adapters fulfil them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from cone_sidecar.domain.access import Transition
from cone_sidecar.domain.credentials import RoleCredentials
from cone_sidecar.domain.profile import EntitlementRef, PermissionSet, Profile, SkippedEntitlement
from cone_sidecar.domain.task import Entitlement, Grant, GrantRequest, Task

# Grants show up in the list up to two minutes after the task is closed (reference §0).
GRANT_VISIBILITY = timedelta(minutes=3)


class DuplicateTask(Exception):
    """An open task for the same person and entitlement is there; ``task_id`` may be empty."""

    def __init__(self, task_id: str) -> None:
        super().__init__("an open task is there already")
        self.task_id = task_id


class RoleNotAssigned(Exception):
    """AWS says that the person doesn't have this role (yet, or any more)."""


class SessionEnded(Exception):
    """There is no AWS session, and none can be had without a person."""


class Tenant(Protocol):
    """A ConductorOne tenant, as one person. Every call may raise LoginRequired or UpstreamError."""

    async def grant(self, entitlement: EntitlementRef) -> Grant | None:
        """Return the active grant, None where there is none."""

    async def entitlement(self, ref: EntitlementRef) -> Entitlement:
        """Return what a request has to respect."""

    async def request_form(self, ref: EntitlementRef) -> str:
        """Return the id of the request form, empty where none is bound."""

    async def request_grant(self, request: GrantRequest) -> Task:
        """Ask for access.

        Raises:
            DuplicateTask: An open task is there already.
            NotRequestable: This person may not ask for it.
        """

    async def task(self, task_id: str) -> Task:
        """Return the task as it is now; ``task_id`` may be its number."""

    async def open_request(self, entitlement: EntitlementRef) -> Task | None:
        """Return the open request for an entitlement, None where there is none."""

    async def user_name(self, user_id: str) -> str:
        """Return how people call this user; the id where nobody knows."""

    async def cancel_request(self, task_id: str) -> None:
        """Close an open task.

        Raises:
            UpstreamRejected: It can't be closed.
        """

    async def permission_sets(self) -> list[PermissionSet | SkippedEntitlement]:
        """Return every AWS permission set of the catalogue, all pages, in its order."""


@dataclass(frozen=True, slots=True)
class PendingSignIn:
    """A device authorization that waits for a person (RFC 8628 names)."""

    verification_uri: str
    verification_uri_complete: str
    user_code: str
    expires: datetime


class IdentityCenter(Protocol):
    """An IAM Identity Center instance, as one person."""

    async def role_credentials(self, account_id: str, role_name: str) -> RoleCredentials:
        """Fetch role credentials; renews the session by its refresh token where it must.

        Raises:
            RoleNotAssigned: AWS says no to this role.
            SessionEnded: A person has to sign in.
            SessionRejected: AWS refuses a session that was just made.
            UpstreamError: AWS can't be reached, or answers nonsense.
        """

    async def session_ends(self) -> datetime:
        """Return when the session ends that AWS itself says is alive.

        Raises:
            SessionEnded: A person has to sign in.
            UpstreamError: AWS can't be reached.
        """

    async def begin_sign_in(self) -> PendingSignIn | None:
        """Start a device authorization, or return the one that is pending.

        None means that there is a session by now: the pending one was confirmed.
        """

    async def complete_sign_in(self) -> None:
        """Wait until the pending sign-in is confirmed, and keep its session.

        Raises:
            SignInRequired: It was refused, or it ran out.
        """


class Connections(Protocol):
    """The tenant and the Identity Center instance that a profile belongs to."""

    def tenant(self, profile: Profile) -> Tenant:
        """Return the profile's tenant; the same object for the same tenant."""

    def identity_center(self, profile: Profile) -> IdentityCenter:
        """Return the profile's Identity Center; the same object for the same instance."""


@dataclass(frozen=True, slots=True)
class HeldCredentials:
    """Role credentials with what is known of the grant behind them."""

    credentials: RoleCredentials
    grant_ends: datetime | None
    fetched_at: datetime
    checked_at: datetime
    unverified: bool = False


@dataclass(frozen=True, slots=True)
class GrantMemory:
    """What ConductorOne last said of a grant.

    ``granted_at`` is when a request of ours was granted that isn't listed yet, ``refuted`` that it said there
    is none, ``ends`` the grant's end as far as that is known.
    """

    granted_at: datetime | None = None
    refuted: bool = False
    ends: datetime | None = None

    def may_be_unlisted(self, now: datetime) -> bool:
        """Tell whether a grant of ours is so young that it may not be listed yet."""
        return self.granted_at is not None and abs(now - self.granted_at) <= GRANT_VISIBILITY


class CredentialStore(Protocol):
    """Where role credentials outlive a flight."""

    def load(self, profile: Profile) -> HeldCredentials | None:
        """Return what is kept, however old."""

    def save(self, profile: Profile, held: HeldCredentials) -> None:
        """Keep it."""

    def drop(self, profile: Profile) -> None:
        """Forget it."""

    def grant_memory(self, profile: Profile) -> GrantMemory:
        """Return what is known of the profile's grant."""

    def remember_grant(self, profile: Profile, memory: GrantMemory) -> None:
        """Remember what is known of the profile's grant."""


class Events(Protocol):
    """Whoever listens."""

    def emit(self, event: Transition) -> None:
        """Take note; must not block and must not raise."""
