"""What a person does with a task: approve, deny, comment, escalate (reference §4.4)."""

import contextlib
from collections.abc import Mapping
from typing import Any, Literal

import httpx

from cone_sidecar.conductorone.api_client import ApiClient, ApiError
from cone_sidecar.conductorone.task_view import (
    TaskJson,
    actions_of,
    approval_of,
    current_step,
    is_closed,
    no_such_task,
    task_answer,
    task_in,
    task_name,
    task_path,
)
from cone_sidecar.errors import ConeError, Unreachable, UpstreamRejected

Decision = Literal["approve", "deny"]
PERMISSIONS = {
    "approve": "TASK_ACTION_TYPE_APPROVE",
    "deny": "TASK_ACTION_TYPE_DENY",
    "comment": "TASK_ACTION_TYPE_COMMENT",
    "escalate": "TASK_ACTION_TYPE_ESCALATE_TO_EMERGENCY_ACCESS",
}
STEP_UP = "TASK_ACTION_TYPE_APPROVE_WITH_STEP_UP"
REASON_REQUIRED = {"approve": "requireApprovalReason", "deny": "requireDenialReason"}
WHO_MAY = {
    "approve": "only its approvers may, and nobody approves a request of their own",
    "deny": "only its approvers may, and nobody decides a request of their own",
    "comment": "your administrator decides who may",
    "escalate": "only who made the request may, where emergency access is offered",
}
# Statuses by which the tenant says that this can't be done, or not any more.
REFUSALS = frozenset({400, 403, 409, 412})


class TaskActions:
    """Act on tasks as the person whose credentials ``api`` holds.

    Every action's own answer shows the task as it was before (reference §4.4): :meth:`result` reads it again.
    """

    def __init__(self, api: ApiClient) -> None:
        self._api = api

    async def decide(self, verb: Decision, task_id: str, comment: str) -> None:
        """Approve the step that is due, or deny the request.

        Raises:
            UpstreamRejected: It is closed, waits for nothing, went on in between, or isn't ours to decide.
            Unreachable: No usable answer; the decision may have arrived all the same.
        """
        task = task_in(await task_answer(self._api, task_id))
        if is_closed(task):
            raise _closed(task)
        body = {"comment": comment}
        if step_id := str(current_step(task).get("id") or ""):
            body["policyStepId"] = step_id
        elif verb == "approve":
            raise UpstreamRejected(
                f"task {task_name(task)} is between two steps: there is nothing to approve yet",
                hint=f"retry shortly: cone task get {task_name(task)}",
            )
        await self._act(verb, task_id, body)

    async def comment(self, task_id: str, text: str) -> dict[str, Any]:
        """Add a comment; raises as :meth:`decide` does."""
        return await self._act("comment", task_id, {"comment": text})

    async def escalate(self, task_id: str) -> dict[str, Any]:
        """Put the request under the emergency policy; raises as :meth:`decide` does."""
        return await self._act("escalate", task_id, {})

    async def result(self, task_id: str) -> dict[str, Any]:
        """Return the answer that holds the task as it is after an action.

        Raises:
            Unreachable: It can't be read now; the action was done all the same.
        """
        try:
            return await task_answer(self._api, task_id)
        except Unreachable as error:
            error.hint = f"it was done; see how it stands: cone task get {task_id}"
            raise

    async def _act(self, verb: str, task_id: str, body: Mapping[str, str]) -> dict[str, Any]:
        try:
            return await self._api.post(f"{task_path(task_id)}/action/{verb}", body)
        except ApiError as error:
            raise await self._refusal(verb, task_id, body, error) from error
        except Unreachable as error:
            if error.status != httpx.codes.TOO_MANY_REQUESTS:
                error.hint = f"it may have arrived all the same: cone task get {task_id}"
            raise

    async def _refusal(
        self, verb: str, task_id: str, body: Mapping[str, str], error: ApiError
    ) -> ConeError:
        """Return what a refusal means, by its status and by what the task looks like now."""
        if error.status == httpx.codes.NOT_FOUND:
            return no_such_task(error)
        if error.status not in REFUSALS:
            return error
        error.hint = f"cone task get {task_id}"
        # A task that can't be read explains nothing: what was said first stands.
        with contextlib.suppress(ConeError):
            task = task_in(await task_answer(self._api, task_id))
            return _explained(verb, task, body, error)
        return error


def _explained(verb: str, task: TaskJson, body: Mapping[str, str], error: ApiError) -> ConeError:
    name, step = task_name(task), current_step(task)
    hint = f"cone task get {name}"
    if is_closed(task):
        return _closed(task)
    if body.get("policyStepId", step.get("id")) != step.get("id"):
        return UpstreamRejected(
            f"task {name} has advanced to another step: nothing was done to it",
            status=error.status,
            hint=f"look at it, then decide again: {hint}",
        )
    if verb == "approve" and STEP_UP in actions_of(task):
        return UpstreamRejected(
            f"task {name} is approved with a second sign-in only",
            status=error.status,
            hint="approve it on its page in ConductorOne",
        )
    reason_required = approval_of(step).get(REASON_REQUIRED.get(verb, ""))
    if reason_required and not body.get("comment"):
        return UpstreamRejected(
            f"task {name} wants a reason for this",
            status=error.status,
            hint=f"cone task {verb} {name} --comment <reason>",
        )
    offered = actions_of(task)
    # A task that offers nothing at all may only not say what it offers.
    if error.status == httpx.codes.FORBIDDEN or (offered and PERMISSIONS[verb] not in offered):
        return UpstreamRejected(
            f"ConductorOne doesn't permit you to {verb} task {name} (HTTP {error.status})",
            status=error.status,
            hint=f"{WHO_MAY[verb]}: {hint}",
        )
    return error


def _closed(task: TaskJson) -> UpstreamRejected:
    name = task_name(task)
    return UpstreamRejected(
        f"task {name} is closed: nothing can be done with it any more",
        hint=f"cone task get {name} shows how it ended",
    )
