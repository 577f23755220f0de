"""Requests, on the wire: creating, reading and searching tasks (reference §4.1 and §4.3)."""

from collections.abc import Callable
from datetime import timedelta
from http import HTTPStatus
from typing import Any

from cone_sidecar.simulator import protojson
from cone_sidecar.simulator.api_call import ApiCall, checked_id, not_found
from cone_sidecar.simulator.pagination import page_of
from cone_sidecar.simulator.protojson import Refused
from cone_sidecar.simulator.simulated_task import SimulatedTask
from cone_sidecar.simulator.task_view import approver_ids, task_answer, task_view
from cone_sidecar.simulator.world import SimulatedEntitlement, SimulatedUser

UNKNOWN = 2
ALREADY_EXISTS = 6


def create_grant(call: ApiCall) -> dict[str, Any]:
    """Open a request for access."""
    body = call.body
    entitlement, user = _target(call)
    if not entitlement.terms.requestable:
        raise Refused(HTTPStatus.FORBIDDEN, "target user is not allowed to request that resource")
    duration = protojson.parse_duration(body.get("grantDuration"))
    _check_duration(duration, entitlement)
    _check_duplicate(call, user, entitlement, revokes=False)
    data = body.get("requestData")
    task = call.world.new_task(
        user_id=user.id,
        created_by=call.user.id,
        entitlement=entitlement,
        description=str(body.get("description") or ""),
        duration=duration,
        emergency=bool(body.get("emergencyAccess")),
        data=dict(data) if isinstance(data, dict) else None,
    )
    return task_answer(call.world, task, call.user)


def create_revoke(call: ApiCall) -> dict[str, Any]:
    """Open a request to end access."""
    entitlement, user = _target(call)
    _check_duplicate(call, user, entitlement, revokes=True)
    task = call.world.new_task(
        user_id=user.id,
        created_by=call.user.id,
        entitlement=entitlement,
        description=str(call.body.get("description") or ""),
        revokes=True,
    )
    return task_answer(call.world, task, call.user)


def get_task(call: ApiCall) -> dict[str, Any]:
    """Answer a task by id or number; each look brings an automatic policy nearer to its end."""
    task = task_of(call, "id")
    call.world.look(task)
    return task_answer(call.world, task, call.user)


def task_of(call: ApiCall, name: str) -> SimulatedTask:
    """Return the task that the path names.

    Raises:
        Refused: There is none, or it is no name of a task.
    """
    reference: str = call.request.path_params[name]
    if not reference.isdecimal():
        checked_id(name, reference)
    try:
        return call.world.task(reference)
    except StopIteration:
        raise not_found() from None


def search_tasks(call: ApiCall) -> dict[str, Any]:
    """Answer the search for tasks."""
    for task in call.world.tasks.values():
        call.world.settle(task)
    wanted = [task for task in reversed(call.world.tasks.values()) if _matches(call, task)]
    page, following = page_of(wanted, call.body.get("pageSize"), call.body.get("pageToken"))
    return {
        "list": [task_view(call.world, task, call.user) for task in page],
        "expanded": list[object](),
        "nextPageToken": following,
    }


def _matches(call: ApiCall, task: SimulatedTask) -> bool:
    kind = "revoke" if task.revokes else "grant"
    own = {task.user_id, task.created_by}
    checks: dict[str, Callable[[Any], bool]] = {
        "openerOrSubjectUserId": lambda wanted: wanted in own,
        "openerIds": lambda wanted: task.created_by in wanted,
        "subjectIds": lambda wanted: task.user_id in wanted,
        "applicationIds": lambda wanted: call.world.app_id in wanted,
        "appEntitlementIds": lambda wanted: task.entitlement.id in wanted,
        "appResourceIds": lambda wanted: task.entitlement.account.resource_id in wanted,
        "taskStates": lambda wanted: (
            ("TASK_STATE_CLOSED" if task.closed else "TASK_STATE_OPEN") in wanted
        ),
        "taskTypes": lambda wanted: any(kind in each for each in wanted if isinstance(each, dict)),
        "grantOutcomes": lambda wanted: (
            not task.revokes and f"GRANT_OUTCOME_{task.outcome}" in wanted
        ),
        "assigneesInIds": lambda wanted: bool(set(wanted) & set(approver_ids(call.world, task))),
        "myWorkUserIds": lambda wanted: bool(set(wanted) & set(approver_ids(call.world, task))),
        "refs": lambda wanted: (
            task.id in {ref.get("id") for ref in wanted if isinstance(ref, dict)}
        ),
        "excludeIds": lambda unwanted: task.id not in unwanted,
        "query": lambda words: (
            str(words).lower()
            in f"{task.number} {task.entitlement.role_name} {task.entitlement.account.name} "
            f"{task.description}".lower()
        ),
    }
    return all(check(call.body[name]) for name, check in checks.items() if call.body.get(name))


def _target(call: ApiCall) -> tuple[SimulatedEntitlement, SimulatedUser]:
    body, world = call.body, call.world
    entitlement = call.entitlement(
        checked_id("app_id", body.get("appId")),
        checked_id("app_entitlement_id", body.get("appEntitlementId")),
    )
    user_id, app_user_id = body.get("identityUserId"), body.get("appUserId")
    if user_id:
        user = world.users.get(checked_id("identity_user_id", user_id))
    else:
        # The real one answers the caller's mistake with its own.
        user = next((u for u in world.users.values() if u.app_user_id == app_user_id), None)
        if user is None:
            raise Refused(HTTPStatus.INTERNAL_SERVER_ERROR, "user_id is required", code=UNKNOWN)
    if user is None:
        raise not_found()
    return entitlement, user


def _check_duration(duration: timedelta | None, entitlement: SimulatedEntitlement) -> None:
    limit = entitlement.terms.max_duration
    if duration is not None and limit is not None and duration > timedelta(seconds=limit):
        raise Refused(
            HTTPStatus.BAD_REQUEST,
            "grant duration must be less than or equal to max provision time "
            f"({timedelta(seconds=limit)})",
        )


def _check_duplicate(
    call: ApiCall, user: SimulatedUser, entitlement: SimulatedEntitlement, *, revokes: bool
) -> None:
    task = call.world.open_task(user.id, entitlement, revokes=revokes)
    if task is not None:
        call.world.settle(task)
    if task is not None and not task.closed:
        raise Refused(
            HTTPStatus.CONFLICT,
            "duplicate ticket found",
            code=ALREADY_EXISTS,
            details=[protojson.packed("task.v1.TaskRef", {"id": task.id})],
        )
