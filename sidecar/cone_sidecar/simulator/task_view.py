"""A task on the wire: its state, its outcome, who may do what with it (reference §4.2)."""

from typing import Any

from cone_sidecar.simulator import protojson
from cone_sidecar.simulator.ids import named_id
from cone_sidecar.simulator.policy_view import policy_instance
from cone_sidecar.simulator.request_form_api import form
from cone_sidecar.simulator.simulated_task import SimulatedTask, StepKind
from cone_sidecar.simulator.simulated_user import SimulatedUser
from cone_sidecar.simulator.world import World

FOR_PEOPLE = frozenset({StepKind.APPROVAL, StepKind.FORM})


def task_view(world: World, task: SimulatedTask, viewer: SimulatedUser) -> dict[str, Any]:
    """Return the view of ``task`` as ``viewer`` sees it."""
    return protojson.message("task.v1.TaskView", task=_task(world, task, viewer))


def task_answer(world: World, task: SimulatedTask, viewer: SimulatedUser) -> dict[str, Any]:
    """Return the answer that holds one task."""
    return {"taskView": task_view(world, task, viewer), "expanded": list[object]()}


def state_of(task: SimulatedTask) -> str:
    """Return the name of its state."""
    return "TASK_STATE_CLOSED" if task.closed else "TASK_STATE_OPEN"


def kind_of(task: SimulatedTask) -> str:
    """Return which member of its type it is."""
    return "revoke" if task.revokes else "grant"


def outcome_of(task: SimulatedTask) -> str:
    """Return the name of its outcome."""
    return f"{kind_of(task).upper()}_OUTCOME_{task.outcome}"


def _task(world: World, task: SimulatedTask, viewer: SimulatedUser) -> dict[str, Any]:
    current = task.current
    asked = any(step.kind is StepKind.APPROVAL for step in task.steps)
    approvers = world.approver_ids(task) if asked else []
    waits = current is not None and current.kind in FOR_PEOPLE
    processing = "DONE" if task.closed else "WAITING" if waits else "PROCESSING"
    verb = "Revoke" if task.revokes else "Grant"
    entitlement = task.entitlement
    return protojson.message(
        "task.v1.Task",
        id=task.id,
        numericId=str(task.number),
        displayName=f"{verb} {entitlement.role_name} Permission Set on {entitlement.account.name}",
        description=task.description,
        createdAt=protojson.timestamp(task.created_at),
        updatedAt=protojson.timestamp(task.updated_at or task.created_at),
        userId=task.user_id,
        createdByUserId=task.created_by,
        state=state_of(task),
        processing=f"TASK_PROCESSING_TYPE_{processing}",
        emergencyAccess=task.emergency,
        stepApproverIds=approvers if current and current.kind is StepKind.APPROVAL else [],
        approverIds=approvers,
        actions=_actions(world, task, viewer),
        commentCount=len(task.comments),
        policyGenerationId=named_id("policy generation", task.id),
        origin="TASK_ORIGIN_API",
        form=form(entitlement) if _has_form(task) else None,
        data=task.data or None,
        policy=policy_instance(world, task),
        type=_type(world, task),
    )


def _has_form(task: SimulatedTask) -> bool:
    """Tell whether a form belongs to it: one that is bound is there at once, a step's when it is due."""
    if task.revokes:
        return False
    reached = task.steps[: task.position + 1] if task.looks else []
    return bool(task.entitlement.form_id) or any(step.kind is StepKind.FORM for step in reached)


def _actions(world: World, task: SimulatedTask, viewer: SimulatedUser) -> list[str]:
    if task.closed:
        return []
    actions = ["COMMENT"]
    current = task.current
    if viewer.id in {task.user_id, task.created_by}:
        actions.append("CLOSE")
        if task.entitlement.terms.emergency and not task.emergency:
            actions.append("ESCALATE_TO_EMERGENCY_ACCESS")
        if current is not None and current.kind is StepKind.FORM:
            actions.append("UPDATE_REQUEST_DATA")
    if (
        current is not None
        and current.kind is StepKind.APPROVAL
        and viewer.id in world.approver_ids(task)
    ):
        actions += ["APPROVE", "DENY"]
    return [f"TASK_ACTION_TYPE_{action}" for action in actions]


def _type(world: World, task: SimulatedTask) -> dict[str, Any]:
    target = {
        "appId": world.app_id,
        "appEntitlementId": task.entitlement.id,
        "appUserId": task.app_user_id,
        "identityUserId": task.user_id,
        "outcome": outcome_of(task),
        "outcomeTime": protojson.timestamp(task.closed_at),
    }
    if task.revokes:
        source = {"request": {"requestUserId": task.created_by}}
        content = protojson.message("task.v1.TaskTypeRevoke", source=source)
    else:
        content = protojson.message(
            "task.v1.TaskTypeGrant",
            grantDuration=protojson.duration(task.duration),
            source=_source(task),
        )
    return {kind_of(task): content | target}


def _source(task: SimulatedTask) -> dict[str, Any] | None:
    if not task.source:
        return None
    empty = protojson.message("task.v1.TaskGrantSource")
    return empty | {name: task.source[name] for name in empty if name in task.source}
