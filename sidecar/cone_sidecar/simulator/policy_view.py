"""A task's policy on the wire: where it stands, and what each step is (reference §4.2)."""

from typing import Any

from cone_sidecar.simulator import protojson
from cone_sidecar.simulator.ids import named_id
from cone_sidecar.simulator.policy import PROVISIONS
from cone_sidecar.simulator.request_form_api import form
from cone_sidecar.simulator.simulated_task import SimulatedStep, SimulatedTask, StepEnd, StepKind
from cone_sidecar.simulator.world import World

WAITS = frozenset({StepKind.WAIT, StepKind.TIMING_OUT})
CONDITION = "subject.isEmployee"


def policy_instance(world: World, task: SimulatedTask) -> dict[str, Any]:
    """Return the policy of ``task``: the steps that are over, the one that is due, those ahead."""
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
    at = protojson.timestamp(step.ended)
    match step.end:
        case StepEnd.COMPLETED:
            approved = protojson.message("policy.v1.ApprovedAction", userId=step.by, approvedAt=at)
            return instance | {"approved": approved}
        case StepEnd.DENIED:
            denied = protojson.message("policy.v1.DeniedAction", userId=step.by, deniedAt=at)
            return instance | {"denied": denied}
        case StepEnd.SKIPPED:
            return instance | {"skipped": _skipped(step)}
        case _:
            return instance


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
            expression = protojson.message("policy.v1.ExpressionApproval", expressions=[CONDITION])
            kind = {"expression": expression}
        case _:
            users = protojson.message("policy.v1.UserApproval", userIds=world.approver_ids(task))
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
            appUserId=task.app_user_id,
            grantDuration=protojson.duration(task.duration),
        ),
    )


def _provision_instance(world: World, task: SimulatedTask, step: SimulatedStep) -> dict[str, Any]:
    instance = protojson.message(
        "policy.v1.ProvisionInstance",
        provision=_provision(world, task),
        state=f"PROVISION_INSTANCE_STATE_{'DONE' if step.ended else 'WAITING'}",
    )
    at = protojson.timestamp(step.ended)
    match step.end:
        case StepEnd.COMPLETED:
            completed = protojson.message("policy.v1.CompletedAction", completedAt=at)
            return instance | {"completed": completed}
        case StepEnd.ERRORED:
            errored = protojson.message(
                "policy.v1.ErroredAction",
                description="the connector could not assign the permission set",
                errorCode="PROVISION_FAILED",
                erroredAt=at,
            )
            return instance | {"errored": errored}
        case StepEnd.CANCELLED | StepEnd.DENIED:
            cancelled = protojson.message(
                "policy.v1.CancelledAction", cancelledAt=at, cancelledByUserId=step.by
            )
            return instance | {"cancelled": cancelled}
        case _:
            return instance


def _skipped(step: SimulatedStep) -> dict[str, Any]:
    at = protojson.timestamp(step.ended)
    return protojson.message("policy.v1.SkippedAction", userId=step.by, skippedAt=at)


def _wait_instance(step: SimulatedStep) -> dict[str, Any]:
    state = "TIMED_OUT" if step.end is StepEnd.TIMED_OUT else "COMPLETED"
    instance = protojson.message(
        "policy.v1.WaitInstance",
        name="wait",
        startedWaitingAt=protojson.timestamp(step.started),
        state=f"WAIT_INSTANCE_STATE_{state if step.ended else 'WAITING'}",
    ) | {"condition": {"condition": CONDITION}}
    at = protojson.timestamp(step.ended)
    match step.end:
        case StepEnd.COMPLETED:
            return instance | {"succeeded": {"succeededAt": at}}
        case StepEnd.TIMED_OUT:
            return instance | {"timedOut": {"timedOutAt": at}}
        case StepEnd.SKIPPED:
            return instance | {"skipped": _skipped(step)}
        case _:
            return instance


def _form_instance(task: SimulatedTask, step: SimulatedStep) -> dict[str, Any]:
    instance = protojson.message(
        "policy.v1.FormInstance",
        form=form(task.entitlement),
        data=task.data or None,
        state=f"FORM_INSTANCE_STATE_{'DONE' if step.ended else 'WAITING'}",
    )
    match step.end:
        case StepEnd.COMPLETED:
            at = protojson.timestamp(step.ended)
            return instance | {"completed": {"completedAt": at, "userId": step.by}}
        case StepEnd.SKIPPED:
            return instance | {"skipped": _skipped(step)}
        case _:
            return instance


def _next(world: World, task: SimulatedTask, step: SimulatedStep) -> dict[str, Any]:
    if step.kind in PROVISIONS:
        return {"provision": _provision(world, task)}
    if step.kind in WAITS:
        wait = protojson.message("policy.v1.Wait", name="wait")
        return {"wait": wait | {"condition": {"condition": CONDITION}}}
    if step.kind is StepKind.FORM:
        return {"form": {"form": form(task.entitlement)}}
    if step.kind is StepKind.REJECT:
        return {"reject": {"rejectMessage": "the policy denies this request"}}
    return {"approval": _approval(world, task, step)}
