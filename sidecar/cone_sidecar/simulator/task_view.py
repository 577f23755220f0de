"""A task on the wire: its policy, the step it waits for, its outcome (reference §4.2)."""

from typing import Any

from cone_sidecar.simulator import protojson
from cone_sidecar.simulator.ids import named_id
from cone_sidecar.simulator.request_form_api import form
from cone_sidecar.simulator.simulated_task import Outcome, SimulatedStep, SimulatedTask, StepKind
from cone_sidecar.simulator.world import SimulatedUser, World

PROVISIONS = frozenset({StepKind.PROVISION, StepKind.FAILING_PROVISION})
WAITS = frozenset({StepKind.WAIT, StepKind.TIMING_OUT})
FOR_PEOPLE = frozenset({StepKind.APPROVAL, StepKind.FORM})


def task_view(world: World, task: SimulatedTask, viewer: SimulatedUser) -> dict[str, Any]:
    """Return the view of ``task`` as ``viewer`` sees it."""
    return protojson.message("task.v1.TaskView", task=_task(world, task, viewer))


def task_answer(world: World, task: SimulatedTask, viewer: SimulatedUser) -> dict[str, Any]:
    """Return the answer that holds one task."""
    return {"taskView": task_view(world, task, viewer), "expanded": list[object]()}


def approver_ids(world: World, task: SimulatedTask) -> list[str]:
    """Return who may decide: everybody but the person that it is for."""
    others = [user_id for user_id in world.users if user_id != task.user_id]
    return others or [named_id("user", world.scenario.tenant, "approver")]


def _task(world: World, task: SimulatedTask, viewer: SimulatedUser) -> dict[str, Any]:
    current = task.current
    approvers = approver_ids(world, task)
    waits = current is not None and current.kind in FOR_PEOPLE
    asks = current is not None and current.kind is StepKind.FORM
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
        state="TASK_STATE_CLOSED" if task.closed else "TASK_STATE_OPEN",
        processing=f"TASK_PROCESSING_TYPE_{processing}",
        emergencyAccess=task.emergency,
        stepApproverIds=approvers if waits and not asks else [],
        approverIds=approvers,
        actions=_actions(world, task, viewer),
        commentCount=len(task.comments),
        policyGenerationId=named_id("policy generation", task.id),
        origin="TASK_ORIGIN_API",
        form=form(entitlement) if asks else None,
        data=task.data or None,
        policy=_policy(world, task),
        type=_type(world, task),
    )


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
        and viewer.id in approver_ids(world, task)
    ):
        actions += ["APPROVE", "DENY"]
    return [f"TASK_ACTION_TYPE_{action}" for action in actions]


def _type(world: World, task: SimulatedTask) -> dict[str, Any]:
    target = {
        "appId": world.app_id,
        "appEntitlementId": task.entitlement.id,
        "appUserId": world.users[task.user_id].app_user_id,
        "identityUserId": task.user_id,
        "outcomeTime": protojson.timestamp(task.closed_at),
    }
    if task.revokes:
        outcome = f"REVOKE_OUTCOME_{task.outcome}"
        return {"revoke": protojson.message("task.v1.TaskTypeRevoke", outcome=outcome, **target)}
    return {
        "grant": protojson.message(
            "task.v1.TaskTypeGrant",
            outcome=f"GRANT_OUTCOME_{task.outcome}",
            grantDuration=protojson.duration(task.duration),
            **target,
        )
    }


def _policy(world: World, task: SimulatedTask) -> dict[str, Any]:
    current = task.current
    over = [step for step in task.steps if step.ended is not None]
    ahead = [step for step in task.steps if step.ended is None and step is not current]
    name = " then ".join(dict.fromkeys(step.kind.value for step in task.steps))
    kind = "REVOKE" if task.revokes else "GRANT"
    return protojson.message(
        "policy.v1.PolicyInstance",
        policy=protojson.message(
            "policy.v1.Policy",
            id=named_id("policy", world.scenario.tenant, name, kind),
            displayName=name.capitalize(),
            policyType=f"POLICY_TYPE_{kind}",
            createdAt=protojson.timestamp(world.started_at),
            updatedAt=protojson.timestamp(world.started_at),
        ),
        current=_instance(world, task, current) if current else None,
        history=[_instance(world, task, step) for step in over],
        next=[] if task.closed else [_next(world, task, step) for step in ahead],
    )


def _instance(world: World, task: SimulatedTask, step: SimulatedStep) -> dict[str, Any]:
    instance = protojson.message(
        "policy.v1.PolicyStepInstance",
        id=step.id,
        policyGenerationId=named_id("policy generation", task.id),
        state="POLICY_STEP_STATE_DONE" if step.ended else "POLICY_STEP_STATE_ACTIVE",
    )
    if step.kind in PROVISIONS:
        return instance | {"provision": _provision_instance(world, task, step)}
    if step.kind in WAITS:
        return instance | {"wait": _wait_instance(step)}
    if step.kind is StepKind.FORM:
        return instance | {"form": _form_instance(task, step)}
    if step.kind is StepKind.REJECT:
        text = "the policy denies this request"
        return instance | {
            "reject": protojson.message("policy.v1.RejectInstance", rejectMessage=text)
        }
    return instance | {"approval": _approval_instance(world, task, step)}


def _approval_instance(world: World, task: SimulatedTask, step: SimulatedStep) -> dict[str, Any]:
    instance = protojson.message(
        "policy.v1.ApprovalInstance",
        approval=_approval(world, task, step),
        assignedAt=protojson.timestamp(step.started),
        state=f"APPROVAL_INSTANCE_STATE_{'DONE' if step.ended else 'WAITING'}",
    )
    if step.ended is None or task.outcome is Outcome.CANCELLED:
        return instance
    at = protojson.timestamp(step.ended)
    if step.denied:
        denied = protojson.message("policy.v1.DeniedAction", userId=step.by, deniedAt=at)
        return instance | {"denied": denied}
    approved = protojson.message("policy.v1.ApprovedAction", userId=step.by, approvedAt=at)
    return instance | {"approved": approved}


def _approval(world: World, task: SimulatedTask, step: SimulatedStep) -> dict[str, Any]:
    approval = protojson.message("policy.v1.Approval", assigned=True)
    match step.kind:
        case StepKind.WEBHOOK:
            hook = named_id("webhook", world.scenario.tenant)
            kind: dict[str, Any] = {
                "webhook": protojson.message("policy.v1.WebhookApproval", webhookId=hook)
            }
        case StepKind.AGENT:
            agent = protojson.message(
                "policy.v1.AgentApproval",
                agentMode="APPROVAL_AGENT_MODE_FULL_CONTROL",
                agentUserId=named_id("agent", world.scenario.tenant),
            )
            kind = {"agent": agent}
        case StepKind.EXPRESSION:
            expression = protojson.message(
                "policy.v1.ExpressionApproval", expressions=["subject.isEmployee"]
            )
            kind = {"expression": expression}
        case _:
            users = protojson.message("policy.v1.UserApproval", userIds=approver_ids(world, task))
            kind = {"users": users}
    return approval | kind


def _provision(world: World, task: SimulatedTask) -> dict[str, Any]:
    behaviour = protojson.message(
        "policy.v1.ConnectorProvision.DefaultBehavior", connectorId=world.connector_id
    )
    return protojson.message(
        "policy.v1.Provision",
        assigned=True,
        provisionPolicy={"connector": {"defaultBehavior": behaviour}},
        provisionTarget=protojson.message(
            "policy.v1.ProvisionTarget",
            appId=world.app_id,
            appEntitlementId=task.entitlement.id,
            appUserId=world.users[task.user_id].app_user_id,
            grantDuration=protojson.duration(task.duration),
        ),
    )


def _provision_instance(world: World, task: SimulatedTask, step: SimulatedStep) -> dict[str, Any]:
    instance = protojson.message(
        "policy.v1.ProvisionInstance",
        provision=_provision(world, task),
        state=f"PROVISION_INSTANCE_STATE_{'DONE' if step.ended else 'WAITING'}",
    )
    if step.ended is None:
        return instance
    at = protojson.timestamp(step.ended)
    match task.outcome:
        case Outcome.ERROR:
            errored = protojson.message(
                "policy.v1.ErroredAction",
                description="the connector could not assign the permission set",
                errorCode="PROVISION_FAILED",
                erroredAt=at,
            )
            return instance | {"errored": errored}
        case Outcome.CANCELLED:
            cancelled = protojson.message(
                "policy.v1.CancelledAction", cancelledAt=at, cancelledByUserId=step.by
            )
            return instance | {"cancelled": cancelled}
        case _:
            completed = protojson.message("policy.v1.CompletedAction", completedAt=at)
            return instance | {"completed": completed}


def _wait_instance(step: SimulatedStep) -> dict[str, Any]:
    timed_out = step.kind is StepKind.TIMING_OUT
    ended = "TIMED_OUT" if timed_out else "COMPLETED"
    instance = protojson.message(
        "policy.v1.WaitInstance",
        name="wait",
        startedWaitingAt=protojson.timestamp(step.started),
        state=f"WAIT_INSTANCE_STATE_{ended if step.ended else 'WAITING'}",
    ) | {"condition": {"condition": "subject.isEmployee"}}
    if step.ended is None:
        return instance
    at = protojson.timestamp(step.ended)
    return instance | (
        {"timedOut": {"timedOutAt": at}} if timed_out else {"succeeded": {"succeededAt": at}}
    )


def _form_instance(task: SimulatedTask, step: SimulatedStep) -> dict[str, Any]:
    instance = protojson.message(
        "policy.v1.FormInstance",
        form=form(task.entitlement),
        data=task.data or None,
        state=f"FORM_INSTANCE_STATE_{'DONE' if step.ended else 'WAITING'}",
    )
    if step.ended is None:
        return instance
    completed = {"completedAt": protojson.timestamp(step.ended), "userId": step.by}
    return instance | {"completed": completed}


def _next(world: World, task: SimulatedTask, step: SimulatedStep) -> dict[str, Any]:
    if step.kind in PROVISIONS:
        return {"provision": _provision(world, task)}
    if step.kind in WAITS:
        wait = protojson.message("policy.v1.Wait", name="wait")
        return {"wait": wait | {"condition": {"condition": "subject.isEmployee"}}}
    if step.kind is StepKind.FORM:
        return {"form": {"form": form(task.entitlement)}}
    if step.kind is StepKind.REJECT:
        return {"reject": {"rejectMessage": "the policy denies this request"}}
    return {"approval": _approval(world, task, step)}
