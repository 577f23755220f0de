"""The simulated world: people, accounts, entitlements, grants and tasks, and what is true of them now."""

import base64
import hashlib
import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cone_sidecar.secret import Secret
from cone_sidecar.simulator import policy
from cone_sidecar.simulator.device_authorization import DeviceAuthorizations
from cone_sidecar.simulator.ids import named_id, random_id
from cone_sidecar.simulator.personal_client import ApiClientRegister
from cone_sidecar.simulator.scenario import (
    Scenario,
    ScenarioAccount,
    ScenarioPermissionSet,
    ScenarioUser,
)
from cone_sidecar.simulator.simulated_clock import SimulatedClock
from cone_sidecar.simulator.simulated_task import Outcome, SimulatedTask

FIRST_TASK_NUMBER = 1001
BULK_ACCOUNT_ID = 200_000_000_000
SECRET_PREFIX = "secret-token:conductorone.com:v1:"  # noqa: S105 -- a format's name
BULK_MAX_DURATION_S = 8 * 3600.0


@dataclass(frozen=True, slots=True)
class SimulatedUser:
    """A person."""

    id: str
    email: str
    display_name: str
    client_id: str
    client_secret: Secret = field(repr=False)

    @property
    def app_user_id(self) -> str:
        """Return the id of the person's account in the AWS app."""
        return named_id("app user", self.id)


@dataclass(frozen=True, slots=True)
class SimulatedAccount:
    """An AWS account, and the resource that stands for it in ConductorOne."""

    id: str
    name: str
    email: str
    resource_id: str


@dataclass(frozen=True, slots=True)
class SimulatedEntitlement:
    """A permission set on an account."""

    id: str
    account: SimulatedAccount
    terms: ScenarioPermissionSet

    @property
    def role_name(self) -> str:
        """Return the permission set's name, which is the role's."""
        return self.terms.name

    @property
    def form_id(self) -> str:
        """Return the id of the form that is bound to it, empty where none is."""
        return named_id("form", self.id) if "form" in self.terms.steps else ""


@dataclass(slots=True)
class SimulatedGrant:
    """Somebody's access. It shows in ConductorOne from ``visible_at``, in AWS from ``usable_at``."""

    user_id: str
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


class World:
    """Hold everything; time passes by the clock, and is judged when somebody looks."""

    def __init__(self, scenario: Scenario, clock: SimulatedClock) -> None:
        self.scenario = scenario
        self.clock = clock
        self.lifetimes = scenario.lifetimes
        self.app_id = named_id("app", scenario.tenant, "AWS")
        self.resource_type_id = named_id("resource type", scenario.tenant, "Account")
        self.connector_id = named_id("connector", scenario.tenant)
        self.started_at = clock.now()
        users = [_user(user, scenario.tenant) for user in scenario.users]
        self.users = {user.id: user for user in users}
        self.first_user = users[0]
        accounts = [_account(each, scenario.tenant) for each in _accounts(scenario)]
        self.accounts = {account.id: account for account in accounts}
        self.entitlements = self._entitlements(accounts)
        self.grants: list[SimulatedGrant] = list(self._first_grants())
        self.tasks: dict[str, SimulatedTask] = {}
        self.device_authorizations = DeviceAuthorizations(clock, self.first_user.id)
        self.api_clients = ApiClientRegister(scenario.tenant)
        for user in users:
            self.api_clients.add(user.id, user.client_id, user.client_secret, clock.now())
        self._numbers = itertools.count(FIRST_TASK_NUMBER)

    @property
    def domain(self) -> str:
        """Return the tenant's own host."""
        return f"{self.scenario.tenant}.conductor.one"

    def user_by_email(self, email: str) -> SimulatedUser | None:
        """Return the person with this address."""
        return next((user for user in self.users.values() if user.email == email), None)

    def may_assume(self, user_id: str, account_id: str, role_name: str) -> bool:
        """Tell whether AWS lets the person have the role now."""
        return any(
            grant.entitlement.account.id == account_id and grant.entitlement.role_name == role_name
            for grant in self._in_aws(user_id)
        )

    def assigned_roles(self, user_id: str) -> list[AssignedRole]:
        """Return the roles that AWS lets the person have now."""
        roles = {
            AssignedRole(
                grant.entitlement.account.id,
                grant.entitlement.account.name,
                grant.entitlement.role_name,
            )
            for grant in self._in_aws(user_id)
        }
        return sorted(roles, key=lambda role: (role.account_id, role.role_name))

    def visible_grant(
        self, user_id: str, entitlement: SimulatedEntitlement
    ) -> SimulatedGrant | None:
        """Return the person's grant as ConductorOne lists it now."""
        now = self.clock.now()
        standing = [
            grant
            for grant in self.grants
            if grant.user_id == user_id
            and grant.entitlement is entitlement
            and grant.stands(now)
            and grant.visible_at <= now
        ]
        return standing[-1] if standing else None

    def open_task(
        self, user_id: str, entitlement: SimulatedEntitlement, *, revokes: bool = False
    ) -> SimulatedTask | None:
        """Return the open task for the same person and entitlement."""
        return next(
            (
                task
                for task in self.tasks.values()
                if task.user_id == user_id
                and task.entitlement is entitlement
                and task.revokes is revokes
                and not task.closed
            ),
            None,
        )

    def new_task(
        self,
        *,
        user_id: str,
        created_by: str,
        entitlement: SimulatedEntitlement,
        description: str,
        duration: timedelta | None = None,
        emergency: bool = False,
        revokes: bool = False,
        data: dict[str, object] | None = None,
    ) -> SimulatedTask:
        """Open a task."""
        now = self.clock.now()
        # A bound form that wasn't answered with the request becomes its first step.
        steps = (
            ()
            if revokes
            else tuple(
                "form_step" if step == "form" else step
                for step in entitlement.terms.steps
                if step != "form" or not data
            )
        )
        task = SimulatedTask(
            id=random_id(),
            number=next(self._numbers),
            user_id=user_id,
            created_by=created_by,
            entitlement=entitlement,
            description=description,
            duration=duration,
            emergency=emergency,
            revokes=revokes,
            steps=policy.steps_of(steps),
            created_at=now,
            data=data or {},
        )
        self.tasks[task.id] = task
        return task

    def task(self, reference: str) -> SimulatedTask:
        """Return a task by id or number; raises KeyError."""
        if reference in self.tasks:
            return self.tasks[reference]
        return next(self._by_number(reference))

    def look(self, task: SimulatedTask) -> None:
        """Count a client's look at the task, and let machines decide what is due."""
        task.looks += 1
        self.settle(task)

    def settle(self, task: SimulatedTask) -> None:
        """Bring the task up to now, and make true what it decided."""
        before = task.closed
        policy.advance(task, self.scenario.lags, self.clock.now())
        if task.closed and not before:
            self._carry_out(task)

    def decide_task(self, number: int | str, decision: str) -> None:
        """Approve, deny or cancel a task as its approvers would.

        Raises:
            KeyError: There is no such task.
            ValueError: It is closed, or nothing waits for that decision.
        """
        try:
            task = self.task(str(number))
        except StopIteration:
            raise KeyError(number) from None
        self.settle(task)
        if task.closed:
            message = "task is closed"
            raise ValueError(message)
        approver = list(self.users.values())[-1].id
        match decision:
            case "approve":
                policy.approve(task, approver, self.clock.now())
            case "deny":
                policy.close(task, Outcome.DENIED, self.clock.now(), by=approver)
            case "cancel":
                policy.close(task, Outcome.CANCELLED, self.clock.now(), by=approver)
            case _:
                message = f"a task is approved, denied or cancelled, not {decision!r}"
                raise ValueError(message)
        self.settle(task)

    def revoke_grant(self, user_id: str, account_id: str, role_name: str) -> None:
        """End a grant now, everywhere; raises KeyError where there is none."""
        now = self.clock.now()
        found = [
            grant
            for grant in self.grants
            if grant.user_id == user_id
            and grant.entitlement.account.id == account_id
            and grant.entitlement.role_name == role_name
            and grant.stands(now)
        ]
        if not found:
            raise KeyError(role_name)
        for grant in found:
            grant.revoked_at = now

    def _in_aws(self, user_id: str) -> Iterator[SimulatedGrant]:
        # What was approved is carried out in time, whether or not somebody looks at the task.
        for task in list(self.tasks.values()):
            self.settle(task)
        now = self.clock.now()
        for grant in self.grants:
            if grant.user_id == user_id and grant.stands(now) and grant.usable_at <= now:
                yield grant

    def _by_number(self, reference: str) -> Iterator[SimulatedTask]:
        return (task for task in self.tasks.values() if str(task.number) == reference)

    def _carry_out(self, task: SimulatedTask) -> None:
        closed_at = task.closed_at or self.clock.now()
        if task.outcome is Outcome.REVOKED:
            for grant in self.grants:
                if grant.user_id == task.user_id and grant.entitlement is task.entitlement:
                    grant.revoked_at = grant.revoked_at or closed_at
        if task.outcome is not Outcome.GRANTED:
            return
        lags, limit = self.scenario.lags, task.entitlement.terms.max_duration
        duration = task.duration or (timedelta(seconds=limit) if limit else None)
        self.grants.append(
            SimulatedGrant(
                task.user_id,
                task.entitlement,
                granted_at=closed_at,
                visible_at=closed_at + timedelta(seconds=lags.grant_visibility),
                usable_at=closed_at + timedelta(seconds=lags.propagation),
                ends=closed_at + duration if duration else None,
            )
        )

    def _entitlements(self, accounts: list[SimulatedAccount]) -> dict[str, SimulatedEntitlement]:
        by_name = {key: account for account in accounts for key in (account.id, account.name)}
        made = [
            SimulatedEntitlement(
                named_id("entitlement", self.app_id, by_name[terms.account].id, terms.name),
                by_name[terms.account],
                terms,
            )
            for terms in (*self.scenario.permission_sets, *_bulk_sets(self.scenario))
        ]
        return {entitlement.id: entitlement for entitlement in made}

    def _first_grants(self) -> Iterator[SimulatedGrant]:
        start = self.started_at
        for entitlement in self.entitlements.values():
            ends = entitlement.terms.grant_ends
            for email in entitlement.terms.granted_to:
                user = self.user_by_email(email)
                if user:
                    yield SimulatedGrant(
                        user.id,
                        entitlement,
                        granted_at=start,
                        visible_at=start,
                        usable_at=start,
                        ends=start + timedelta(seconds=ends) if ends is not None else None,
                    )


def _user(user: ScenarioUser, tenant: str) -> SimulatedUser:
    user_id = named_id("user", tenant, user.email)
    digits = int(hashlib.sha256(user.email.encode()).hexdigest(), 16) % 90_000 + 10_000
    return SimulatedUser(
        id=user_id,
        email=user.email,
        display_name=user.name or user.email.partition("@")[0].capitalize(),
        client_id=user.client_id or f"simulated-user-{digits}@{tenant}.conductor.one/pcc",
        client_secret=user.client_secret or client_secret_of(tenant, user.email),
    )


def client_secret_of(*names: str) -> Secret:
    """Return the client secret of what is named so: the same after every start."""
    seed = hashlib.sha256("\0".join(("client secret", *names)).encode()).digest()
    public = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": _base64url(public), "d": _base64url(seed)}
    return Secret(SECRET_PREFIX + _base64url(json.dumps(jwk).encode()))


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _accounts(scenario: Scenario) -> Iterator[ScenarioAccount]:
    yield from scenario.accounts
    for number in range(1, scenario.bulk.accounts + 1):
        yield ScenarioAccount(str(BULK_ACCOUNT_ID + number), f"Account {number:03}")


def _bulk_sets(scenario: Scenario) -> Iterator[ScenarioPermissionSet]:
    for account in range(1, scenario.bulk.accounts + 1):
        for number in range(1, scenario.bulk.permission_sets + 1):
            yield ScenarioPermissionSet(
                account=str(BULK_ACCOUNT_ID + account),
                name=f"Role{number:03}",
                max_duration=BULK_MAX_DURATION_S,
            )


def _account(account: ScenarioAccount, tenant: str) -> SimulatedAccount:
    email = account.email or f"{account.id}@{tenant}.example.com"
    return SimulatedAccount(
        account.id, account.name, email, named_id("resource", tenant, account.id)
    )
