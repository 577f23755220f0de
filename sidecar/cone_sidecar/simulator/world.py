"""The simulated world: people, accounts, entitlements, grants and tasks, and what is true of them now."""

import itertools
from collections.abc import Iterator
from datetime import timedelta

from cone_sidecar.simulator import policy
from cone_sidecar.simulator.device_authorization import DeviceAuthorizations
from cone_sidecar.simulator.ids import named_id, random_id
from cone_sidecar.simulator.personal_client import ApiClientRegister
from cone_sidecar.simulator.scenario_values import Lags, Scenario
from cone_sidecar.simulator.simulated_clock import SimulatedClock
from cone_sidecar.simulator.simulated_entitlement import (
    SimulatedEntitlement,
    accounts_of,
    entitlements_of,
)
from cone_sidecar.simulator.simulated_grant import AssignedRole, SimulatedGrant
from cone_sidecar.simulator.simulated_task import Outcome, SimulatedTask
from cone_sidecar.simulator.simulated_user import SimulatedUser, user_of

FIRST_TASK_NUMBER = 1001


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
        users = [user_of(user, scenario.tenant) for user in scenario.users]
        self.users = {user.id: user for user in users}
        self.first_user = users[0]
        accounts = accounts_of(scenario)
        self.accounts = {account.id: account for account in accounts}
        self.entitlements = {
            entitlement.id: entitlement
            for entitlement in entitlements_of(scenario, self.app_id, accounts)
        }
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

    def visible_grants(self, user_id: str) -> dict[str, SimulatedGrant]:
        """Return the person's grants as ConductorOne lists them now, by entitlement id."""
        now = self.clock.now()
        return {
            grant.entitlement.id: grant
            for grant in self.grants
            if grant.user_id == user_id and grant.stands(now) and grant.visible_at <= now
        }

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
        source: dict[str, object] | None = None,
        app_user_id: str = "",
    ) -> SimulatedTask:
        """Open a task; where no account of the person's is named, it is for the first."""
        now = self.clock.now()
        names = () if revokes else entitlement.terms.steps
        emergency = emergency and entitlement.terms.emergency
        task = SimulatedTask(
            id=random_id(),
            number=next(self._numbers),
            user_id=user_id,
            app_user_id=app_user_id or self.users[user_id].app_user_ids[0],
            created_by=created_by,
            entitlement=entitlement,
            description=description,
            duration=duration,
            emergency=emergency,
            revokes=revokes,
            steps=policy.steps_of(names, answered=bool(data), emergency=emergency),
            created_at=now,
            # Nobody waits for the end of a revocation, so it doesn't wait for looks.
            decidable_from=now if revokes else None,
            data=data or {},
            source=source or {},
        )
        self.tasks[task.id] = task
        return task

    def task(self, reference: str) -> SimulatedTask:
        """Return a task by id or number; raises KeyError."""
        if reference in self.tasks:
            return self.tasks[reference]
        for task in self.tasks.values():
            if str(task.number) == reference:
                return task
        raise KeyError(reference)

    def approver_ids(self, task: SimulatedTask) -> list[str]:
        """Return who may decide: everybody but those that it is for and by."""
        others = [each for each in self.users if each not in {task.user_id, task.created_by}]
        return others or [named_id("user", self.scenario.tenant, "approver")]

    def look(self, task: SimulatedTask) -> None:
        """Count a client's look at the task, and let machines decide what is due."""
        policy.look(task, self.clock.now())
        self.settle(task)

    def settle_all(self) -> None:
        """Bring every task up to now: time passes for those too that nobody looks at."""
        for task in self.tasks.values():
            self.settle(task)

    def settle(self, task: SimulatedTask) -> None:
        """Bring the task up to now, and make true what it decided."""
        before = task.closed
        policy.advance(task, self._lags(task), self.clock.now())
        if task.closed and not before:
            self._carry_out(task)

    def decide_task(self, number: int | str, decision: str) -> None:
        """Approve, deny or cancel a task as its approvers would.

        Raises:
            KeyError: There is no such task.
            ValueError: It is closed, or nothing waits for that decision.
        """
        task = self.task(str(number))
        self.settle(task)
        if task.closed:
            message = "task is closed"
            raise ValueError(message)
        approver = self.approver_ids(task)[0]
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
        self.settle_all()
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
        self.settle_all()
        now = self.clock.now()
        for grant in self.grants:
            if grant.user_id == user_id and grant.stands(now) and grant.usable_at <= now:
                yield grant

    def _lags(self, task: SimulatedTask) -> Lags:
        return task.entitlement.terms.lags or self.scenario.lags

    def _carry_out(self, task: SimulatedTask) -> None:
        closed_at = task.closed_at or self.clock.now()
        if task.outcome is Outcome.REVOKED:
            for grant in self.grants:
                if grant.user_id == task.user_id and grant.entitlement is task.entitlement:
                    grant.revoked_at = grant.revoked_at or closed_at
        if task.outcome is not Outcome.GRANTED:
            return
        lags, limit = self._lags(task), task.entitlement.terms.max_duration
        duration = task.duration or (timedelta(seconds=limit) if limit else None)
        self.grants.append(
            SimulatedGrant(
                task.user_id,
                task.app_user_id,
                task.entitlement,
                granted_at=closed_at,
                visible_at=closed_at + timedelta(seconds=lags.grant_visibility),
                usable_at=closed_at + timedelta(seconds=lags.propagation),
                ends=closed_at + duration if duration else None,
            )
        )

    def _first_grants(self) -> Iterator[SimulatedGrant]:
        start = self.started_at
        for entitlement in self.entitlements.values():
            ends = entitlement.terms.grant_ends
            for email in entitlement.terms.granted_to:
                user = self.user_by_email(email)
                if user:
                    yield SimulatedGrant(
                        user.id,
                        user.app_user_ids[0],
                        entitlement,
                        granted_at=start,
                        visible_at=start,
                        usable_at=start,
                        ends=start + timedelta(seconds=ends) if ends is not None else None,
                    )
