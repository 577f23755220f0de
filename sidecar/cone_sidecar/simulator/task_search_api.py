"""The search for tasks, on the wire (reference §4.3)."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from http import HTTPStatus
from typing import Any

from cone_sidecar.clock import parse_timestamp
from cone_sidecar.simulator.api_call import ApiCall
from cone_sidecar.simulator.pagination import page_of
from cone_sidecar.simulator.policy import PROVISIONS
from cone_sidecar.simulator.protojson import Refused
from cone_sidecar.simulator.simulated_task import SimulatedTask, StepKind
from cone_sidecar.simulator.task_view import kind_of, outcome_of, state_of, task_view
from cone_sidecar.simulator.world import World

Values = Callable[[World, SimulatedTask], Iterable[str]]
Criterion = Callable[[SimulatedTask], bool]


def _workers(world: World, task: SimulatedTask) -> Iterable[str]:
    """Return who the open task waits for."""
    step = task.current
    if step is None:
        return set()
    if step.kind is StepKind.FORM:
        return {task.user_id}
    return world.approver_ids(task) if step.kind is StepKind.APPROVAL else set()


# A task is found where one of its values is asked for; a list that isn't given asks for nothing.
ANY_OF: dict[str, Values] = {
    "applicationIds": lambda world, _: {world.app_id},
    "appEntitlementIds": lambda _, task: {task.entitlement.id},
    "appResourceIds": lambda _, task: {task.entitlement.account.resource_id},
    "appResourceTypeIds": lambda world, _: {world.resource_type_id},
    "appUserSubjectIds": lambda _, task: {task.app_user_id},
    "accountOwnerIds": lambda _, task: {task.user_id},
    "subjectIds": lambda _, task: {task.user_id},
    "openerIds": lambda _, task: {task.created_by},
    "assigneesInIds": _workers,
    "myWorkUserIds": _workers,
    "previouslyActedOnIds": lambda _, task: {step.by for step in task.steps if step.by},
    "taskStates": lambda _, task: {state_of(task)},
    "grantOutcomes": lambda _, task: set() if task.revokes else {outcome_of(task)},
    "revokeOutcomes": lambda _, task: {outcome_of(task)} if task.revokes else set(),
    "accessReviewIds": lambda *_: set(),
    "certifyOutcomes": lambda *_: set(),
}
NONE_OF: dict[str, Values] = {
    "excludeIds": lambda _, task: {task.id},
    "excludeApplicationIds": lambda world, _: {world.app_id},
    "excludeAppEntitlementIds": lambda _, task: {task.entitlement.id},
    "excludeAppResourceTypeIds": lambda world, _: {world.resource_type_id},
}
# A single user id; the task is found where it is one of these.
USERS: dict[str, Values] = {
    "openerOrSubjectUserId": lambda _, task: {task.user_id, task.created_by},
    "actorId": lambda _, task: {step.by for step in task.steps if step.by},
    "assignedOrStepApproverUserId": _workers,
}
STEPS = {
    "TASK_SEARCH_CURRENT_STEP_APPROVAL": frozenset(
        {StepKind.APPROVAL, StepKind.WEBHOOK, StepKind.AGENT, StepKind.EXPRESSION}
    ),
    "TASK_SEARCH_CURRENT_STEP_PROVISION": PROVISIONS,
}
EMERGENCIES = {"EMERGENCY": True, "NON_EMERGENCY": False}
OLDEST_FIRST = frozenset({"TASK_SEARCH_SORT_BY_TICKET_ID", "TASK_SEARCH_SORT_BY_CREATED_AT"})


def search_tasks(call: ApiCall) -> dict[str, Any]:
    """Answer the search for tasks, the newest first."""
    criteria = list(_criteria(call))
    found = [task for task in call.world.tasks.values() if all(fits(task) for fits in criteria)]
    if call.text("sortBy") not in OLDEST_FIRST:
        found.reverse()
    page, following = page_of(found, call.body.get("pageSize"), call.body.get("pageToken"))
    return {
        "list": [task_view(call.world, task, call.user) for task in page],
        "expanded": list[object](),
        "nextPageToken": following,
    }


def _criteria(call: ApiCall) -> Iterator[Criterion]:
    """Read all filters before any task is judged, so that a wrong one is always told."""
    for name, values in ANY_OF.items():
        if wanted := call.texts(name):
            yield _any_of(call.world, values, wanted)
    for name, values in USERS.items():
        if user_id := call.text(name):
            yield _any_of(call.world, values, [user_id])
    for name, values in NONE_OF.items():
        if unwanted := call.texts(name):
            yield _none_of(call.world, values, unwanted)
    yield _between(call, "createdAfter", "createdBefore", lambda task: task.created_at)
    yield _between(call, "outcomeAfter", "outcomeBefore", lambda task: task.closed_at)
    yield from _kind_criteria(call)


def _kind_criteria(call: ApiCall) -> Iterator[Criterion]:
    if types := call.objects("taskTypes"):
        # A member that is null isn't set.
        yield lambda task: any(each.get(kind_of(task)) is not None for each in types)
    if refs := call.objects("refs"):
        yield lambda task: any(ref.get("id") == task.id for ref in refs)
    if (emergency := EMERGENCIES.get(call.text("emergencyStatus"))) is not None:
        yield lambda task: task.emergency is emergency
    if kinds := STEPS.get(call.text("currentStep")):
        yield lambda task: task.current is not None and task.current.kind in kinds
    words = call.text("query").lower().split()
    yield lambda task: all(word in _text_of(task) for word in words)


def _any_of(world: World, values: Values, wanted: Iterable[str]) -> Criterion:
    return lambda task: not set(wanted).isdisjoint(values(world, task))


def _none_of(world: World, values: Values, unwanted: Iterable[str]) -> Criterion:
    return lambda task: set(unwanted).isdisjoint(values(world, task))


def _between(
    call: ApiCall, after: str, before: str, time_of: Callable[[SimulatedTask], datetime | None]
) -> Criterion:
    earliest, latest = _moment(call, after), _moment(call, before)

    def fits(task: SimulatedTask) -> bool:
        moment = time_of(task)
        if moment is None:
            return earliest is None and latest is None
        return (earliest is None or moment >= earliest) and (latest is None or moment <= latest)

    return fits


def _moment(call: ApiCall, name: str) -> datetime | None:
    text = call.text(name)
    try:
        return parse_timestamp(text) if text else None
    except ValueError:
        raise Refused(
            HTTPStatus.BAD_REQUEST, f'invalid google.protobuf.Timestamp value "{text}"'
        ) from None


def _text_of(task: SimulatedTask) -> str:
    entitlement = task.entitlement
    name = f"{kind_of(task)} {entitlement.role_name} {entitlement.account.name}"
    return f"{task.number} {name} {task.description}".lower()
