"""Whether the parts of a scenario fit together: what is named exists, and exists once."""

import re
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator
from typing import TypeVar

from cone_sidecar.simulator.scenario_values import Scenario
from cone_sidecar.simulator.simulated_entitlement import accounts_of

Value = TypeVar("Value", bound=Hashable)
PARTITION = re.compile(r"aws(-[a-z]+)*")
# After these a request is over.
ENDINGS = frozenset({"deny", "error", "timeout"})


def inconsistencies(scenario: Scenario) -> Iterator[str]:
    """Tell what doesn't fit together."""
    for email in _repeated(user.email for user in scenario.users):
        yield f"users: {email!r} is there twice"
    for client_id in _repeated(user.client_id for user in scenario.users):
        yield f"users: the client_id {client_id!r} is there twice"
    for account in scenario.accounts:
        if account.partition and not PARTITION.fullmatch(account.partition):
            yield f"accounts: {account.partition!r} is no partition: aws, aws-us-gov, aws-cn, aws-eusc"
    for account_id in _repeated(account.id for account in accounts_of(scenario)):
        yield f"accounts: the id {account_id!r} is there twice"
    yield from _of_permission_sets(scenario)


def _of_permission_sets(scenario: Scenario) -> Iterator[str]:
    ids = {account.id for account in scenario.accounts}
    names = Counter(account.name for account in scenario.accounts)
    emails = {user.email for user in scenario.users}
    for index, each in enumerate(scenario.permission_sets):
        where = f"permission_sets[{index}]"
        if each.account and each.account not in ids | set(names):
            yield f"{where}: there is no account {each.account!r}"
        if each.account not in ids and names[each.account] > 1:
            yield f"{where}: there are several accounts {each.account!r}, give the id"
        for email in each.granted_to:
            if email not in emails:
                yield f"{where}: there is no user {email!r}"
        for step in each.steps[:-1]:
            if step in ENDINGS:
                yield f"{where}: {step!r} ends a policy and has to be its last step"
    by_name = {account.name: account.id for account in scenario.accounts}
    sets = (
        (by_name.get(each.account, each.account), each.name) for each in scenario.permission_sets
    )
    for account, name in _repeated(sets):
        yield f"permission_sets: {name!r} is there twice on {account!r}"


def _repeated(values: Iterable[Value]) -> list[Value]:
    return [value for value, count in Counter(values).items() if count > 1 and value]
