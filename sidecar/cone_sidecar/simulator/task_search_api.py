"""The search for tasks, on the wire (reference §4.3)."""

from collections.abc import Callable, Iterable
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
    "appUserSubjectIds": lambda world, task: {world.users[task.user_id].app_user_id},
    "accountOwnerIds": lambda _, task: {task.user_id},
    "subjectIds": lambda _, task: {task.user_id},
    "openerIds": lambda _, task: {task.created_by},
    "assigneesInIds": lambda world, task: world.approver_ids(task),
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
    found = [task for task in call.world.tasks.values() if _matches(call, task)]
    if call.text("sortBy") not in OLDEST_FIRST:
        found.reverse()
    page, following = page_of(found, call.body.get("pageSize"), call.body.get("pageToken"))
    return {
        "list": [task_view(call.world, task, call.user) for task in page],
        "expanded": list[object](),
        "nextPageToken": following,
    }


def _matches(call: ApiCall, task: SimulatedTask) -> bool:
    world = call.world
    return (
        all(
            set(wanted) & set(values(world, task))
            for name, values in ANY_OF.items()
            if (wanted := call.texts(name))
        )
        and not any(set(call.texts(name)) & set(NONE_OF[name](world, task)) for name in NONE_OF)
        and all(
            user_id in values(world, task)
            for name, values in USERS.items()
            if (user_id := call.text(name))
        )
        and _matches_kind(call, task)
        and _matches_times(call, task)
        and _matches_query(call, task)
    )


def _matches_kind(call: ApiCall, task: SimulatedTask) -> bool:
    types, refs = call.objects("taskTypes"), call.objects("refs")
    emergency = call.text("emergencyStatus")
    step = STEPS.get(call.text("currentStep"))
    return (
        (not types or any(kind_of(task) in each for each in types))
        and (not refs or any(ref.get("id") == task.id for ref in refs))
        and (emergency not in EMERGENCIES or task.emergency is EMERGENCIES[emergency])
        and (step is None or (task.current is not None and task.current.kind in step))
    )


def _matches_times(call: ApiCall, task: SimulatedTask) -> bool:
    bounds = (
        ("createdAfter", "createdBefore", task.created_at),
        ("outcomeAfter", "outcomeBefore", task.closed_at),
    )
    for after, before, moment in bounds:
        earliest, latest = _moment(call, after), _moment(call, before)
        if (earliest or latest) and moment is None:
            return False
        if (earliest and moment and moment < earliest) or (latest and moment and moment > latest):
            return False
    return True


def _matches_query(call: ApiCall, task: SimulatedTask) -> bool:
    entitlement = task.entitlement
    text = f"{task.number} {kind_of(task)} {entitlement.role_name} {entitlement.account.name}"
    searched = f"{text} {task.description}".lower()
    return all(word in searched for word in call.text("query").lower().split())


def _moment(call: ApiCall, name: str) -> datetime | None:
    text = call.text(name)
    try:
        return parse_timestamp(text) if text else None
    except ValueError:
        raise Refused(
            HTTPStatus.BAD_REQUEST, f'invalid google.protobuf.Timestamp value "{text}"'
        ) from None
