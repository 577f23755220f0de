"""What people do with a task, on the wire (reference §4.4). Each answer shows the task as it was before."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from cone_sidecar.simulator import policy
from cone_sidecar.simulator.api_call import ApiCall
from cone_sidecar.simulator.ids import random_id
from cone_sidecar.simulator.protojson import Refused
from cone_sidecar.simulator.simulated_task import Outcome, SimulatedTask, StepKind
from cone_sidecar.simulator.task_api import task_of
from cone_sidecar.simulator.task_view import task_answer

Action = Callable[[ApiCall, SimulatedTask], None]
ADVANCED = "this action is no longer available: the request has advanced to a new approval step"


def approve(call: ApiCall) -> dict[str, Any]:
    """Approve the current step."""
    return _act(call, _approve) | {"ticketActionId": random_id()}


def deny(call: ApiCall) -> dict[str, Any]:
    """Deny the request."""
    return _act(call, _deny) | {"ticketActionId": random_id()}


def close(call: ApiCall) -> dict[str, Any]:
    """Cancel the request."""
    return _act(call, _close) | {"taskActionId": random_id()}


def comment(call: ApiCall) -> dict[str, Any]:
    """Add a comment; anyone may, and :func:`_act` takes it."""
    return _act(call, lambda *_: None)


def escalate(call: ApiCall) -> dict[str, Any]:
    """Put the request under the emergency policy."""
    return _act(call, _escalate) | {"ticketActionId": random_id()}


def update_request_data(call: ApiCall) -> dict[str, Any]:
    """Answer the form that the request waits for."""
    return _act(call, _update) | {"ticketActionId": random_id()}


def _act(call: ApiCall, action: Action) -> dict[str, Any]:
    task = task_of(call, "task_id")
    text = call.text("comment")
    if task.closed:
        raise Refused(HTTPStatus.BAD_REQUEST, "task is closed", code=9)
    before = task_answer(call.world, task, call.user)
    action(call, task)
    if text:
        task.comments.append(text)
    call.world.settle(task)
    return before


def _approve(call: ApiCall, task: SimulatedTask) -> None:
    if not call.text("policyStepId"):
        raise Refused(HTTPStatus.BAD_REQUEST, "policy_step_id is required")
    _check_step(call, task)
    _check_approver(call, task)
    policy.approve(task, call.user.id, call.world.clock.now())


def _deny(call: ApiCall, task: SimulatedTask) -> None:
    if call.text("policyStepId"):
        _check_step(call, task)
    _check_approver(call, task)
    policy.close(task, Outcome.DENIED, call.world.clock.now(), by=call.user.id)


def _close(call: ApiCall, task: SimulatedTask) -> None:
    if call.user.id not in {task.user_id, task.created_by, *call.world.approver_ids(task)}:
        raise _not_permitted()
    policy.close(task, Outcome.CANCELLED, call.world.clock.now(), by=call.user.id)


def _escalate(call: ApiCall, task: SimulatedTask) -> None:
    if not task.entitlement.terms.emergency or call.user.id not in {task.user_id, task.created_by}:
        raise _not_permitted()
    policy.escalate(task, call.world.clock.now(), by=call.user.id)


def _update(call: ApiCall, task: SimulatedTask) -> None:
    data = call.object("data")
    if task.steps[task.position].kind is not StepKind.FORM:
        raise _not_permitted()
    policy.complete_form(task, call.user.id, data, call.world.clock.now())


def _check_step(call: ApiCall, task: SimulatedTask) -> None:
    if call.text("policyStepId") != task.steps[task.position].id:
        raise Refused(HTTPStatus.BAD_REQUEST, ADVANCED, code=9)


def _check_approver(call: ApiCall, task: SimulatedTask) -> None:
    step = task.steps[task.position]
    if step.kind is not StepKind.APPROVAL or call.user.id not in call.world.approver_ids(task):
        raise _not_permitted()


def _not_permitted() -> Refused:
    return Refused(HTTPStatus.FORBIDDEN, "action not permitted")
