"""Requests, on the wire: creating and reading tasks (reference §4.1 and §4.3)."""

from datetime import timedelta
from http import HTTPStatus
from typing import Any

from cone_sidecar.simulator import protojson
from cone_sidecar.simulator.api_call import ApiCall, checked_id, not_found
from cone_sidecar.simulator.protojson import Refused
from cone_sidecar.simulator.simulated_entitlement import SimulatedEntitlement
from cone_sidecar.simulator.simulated_task import SimulatedTask
from cone_sidecar.simulator.simulated_user import SimulatedUser
from cone_sidecar.simulator.task_view import task_answer

UNKNOWN = 2
ALREADY_EXISTS = 6


def create_grant(call: ApiCall) -> dict[str, Any]:
    """Open a request for access."""
    entitlement, user = _target(call)
    if not entitlement.terms.requestable:
        raise Refused(HTTPStatus.FORBIDDEN, "target user is not allowed to request that resource")
    duration = protojson.parse_duration(call.body.get("grantDuration"))
    _check_duration(duration, entitlement)
    details: dict[str, Any] = {
        "description": call.text("description"),
        "emergency": call.flag("emergencyAccess"),
        "data": call.object("requestData"),
        "source": call.object("source"),
        "app_user_id": call.text("appUserId"),
    }
    _check_duplicate(call, user, entitlement, revokes=False)
    task = call.world.new_task(
        user_id=user.id,
        created_by=call.user.id,
        entitlement=entitlement,
        duration=duration,
        **details,
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
        description=call.text("description"),
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
    if not (reference.isascii() and reference.isdecimal()):
        checked_id(name, reference)
    try:
        return call.world.task(reference)
    except KeyError:
        raise not_found() from None


def _target(call: ApiCall) -> tuple[SimulatedEntitlement, SimulatedUser]:
    body, world = call.body, call.world
    entitlement = call.entitlement(
        checked_id("app_id", body.get("appId")),
        checked_id("app_entitlement_id", body.get("appEntitlementId")),
    )
    user_id, account_id = call.text("identityUserId"), call.text("appUserId")
    if not user_id:
        # The document says that it may be left out; the real one answers this as its own mistake.
        raise Refused(HTTPStatus.INTERNAL_SERVER_ERROR, "user_id is required", code=UNKNOWN)
    user = world.users.get(checked_id("identity_user_id", user_id))
    if user is None:
        raise not_found()
    if account_id and checked_id("app_user_id", account_id) not in user.app_user_ids:
        raise Refused(HTTPStatus.BAD_REQUEST, "app user does not belong to the user")
    return entitlement, user


def _check_duration(duration: timedelta | None, entitlement: SimulatedEntitlement) -> None:
    if duration is None:
        return
    if duration <= timedelta():
        raise Refused(HTTPStatus.BAD_REQUEST, "grant duration must be greater than 0")
    limit = entitlement.terms.max_duration
    if limit is not None and duration > timedelta(seconds=limit):
        longest = protojson.duration(timedelta(seconds=limit))
        raise Refused(
            HTTPStatus.BAD_REQUEST,
            f"grant duration must be less than or equal to max provision time ({longest})",
        )


def _check_duplicate(
    call: ApiCall, user: SimulatedUser, entitlement: SimulatedEntitlement, *, revokes: bool
) -> None:
    task = call.world.open_task(user.id, entitlement, revokes=revokes)
    if task is not None:
        raise Refused(
            HTTPStatus.CONFLICT,
            "duplicate ticket found",
            code=ALREADY_EXISTS,
            details=[protojson.packed("task.v1.TaskRef", {"id": task.id})],
        )
