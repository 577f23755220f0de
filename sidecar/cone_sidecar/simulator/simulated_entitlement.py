"""What can be requested: permission sets on AWS accounts."""

from collections.abc import Iterator
from dataclasses import dataclass

from cone_sidecar.simulator.ids import named_id
from cone_sidecar.simulator.scenario_values import (
    Scenario,
    ScenarioAccount,
    ScenarioPermissionSet,
)

FIRST_PARTITION = "aws"
FIRST_BULK_ACCOUNT = 200_000_000_001
BULK_MAX_DURATION_S = 8 * 3600.0


@dataclass(slots=True, eq=False)
class SimulatedAccount:
    """An AWS account, and the resource that stands for it in ConductorOne; its name may change."""

    id: str
    name: str
    email: str
    resource_id: str
    partition: str


@dataclass(slots=True, eq=False)
class SimulatedEntitlement:
    """A permission set on an account; ``listed`` tells whether the catalogue shows it."""

    id: str
    account: SimulatedAccount
    terms: ScenarioPermissionSet
    listed: bool = True

    @property
    def role_name(self) -> str:
        """Return the permission set's name, which is the role's."""
        return self.terms.name

    @property
    def form_id(self) -> str:
        """Return the id of the form that is bound to it, empty where none is."""
        return named_id("form", self.id) if "form" in self.terms.steps else ""


def accounts_of(scenario: Scenario) -> list[SimulatedAccount]:
    """Return the accounts of a scenario, those that ``bulk`` generates last."""
    return [
        SimulatedAccount(
            each.id,
            each.name,
            each.email or f"{each.id}@{scenario.tenant}.example.com",
            named_id("resource", scenario.tenant, each.id),
            each.partition or FIRST_PARTITION,
        )
        for each in (*scenario.accounts, *_bulk_accounts(scenario))
    ]


def entitlements_of(
    scenario: Scenario, app_id: str, accounts: list[SimulatedAccount]
) -> list[SimulatedEntitlement]:
    """Return the permission sets of a scenario, in its order, those of ``bulk`` last."""
    by_name = {account.name: account for account in reversed(accounts)}
    by_name |= {account.id: account for account in accounts}
    return [
        SimulatedEntitlement(
            named_id("entitlement", app_id, by_name[terms.account].id, terms.name),
            by_name[terms.account],
            terms,
        )
        for terms in (*scenario.permission_sets, *_bulk_sets(scenario))
    ]


def _bulk_accounts(scenario: Scenario) -> Iterator[ScenarioAccount]:
    for number in range(scenario.bulk.accounts):
        yield ScenarioAccount(str(FIRST_BULK_ACCOUNT + number), f"Account {number + 1:03}")


def _bulk_sets(scenario: Scenario) -> Iterator[ScenarioPermissionSet]:
    for account in _bulk_accounts(scenario):
        for number in range(1, scenario.bulk.permission_sets + 1):
            yield ScenarioPermissionSet(
                account=account.id, name=f"Role{number:03}", max_duration=BULK_MAX_DURATION_S
            )
