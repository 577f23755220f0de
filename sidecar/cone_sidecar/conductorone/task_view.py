"""One task, whole, as the API describes it (reference §4.2); every part of it may be absent or new."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import httpx

from cone_sidecar.conductorone import api_path, wire
from cone_sidecar.conductorone.api_client import ApiClient, ApiError
from cone_sidecar.errors import ConeError, UpstreamRejected, UsageError

TaskJson = Mapping[str, Any]

NAMES_LIMIT_S = 5.0
# A task may have hundreds of approvers; asking for each would take longer than anybody reads.
NAMED_APPROVERS = 10


async def task_answer(api: ApiClient, task_id: str) -> dict[str, Any]:
    """Return the answer that holds the task: ``taskView`` and ``expanded``.

    Args:
        api: The tenant's API.
        task_id: The task's number or its id.

    Raises:
        UsageError: It can't be one.
        UpstreamRejected: There is no such task.
        Unreachable: No usable answer, after retries.
    """
    try:
        answer = await api.get(task_path(task_id))
    except ApiError as error:
        if error.status in {httpx.codes.NOT_FOUND, httpx.codes.BAD_REQUEST}:
            raise no_such_task(error) from error
        raise
    if not isinstance(wire.dig(answer, "taskView", "task"), dict):
        raise UpstreamRejected("ConductorOne answers without a task", hint="retry the command")
    return answer


def task_path(task_id: str) -> str:
    """Return the task's path.

    Raises:
        UsageError: It can't be a task's number or id.
    """
    try:
        return api_path.task_path(task_id)
    except UpstreamRejected:
        raise UsageError(
            f"this is no task: {task_id!r}", hint="a task is named by its number: 1234"
        ) from None


def no_such_task(error: ApiError) -> UpstreamRejected:
    """Tell that the tenant knows no such task, or doesn't show it to us."""
    return UpstreamRejected(
        "ConductorOne has no such task",
        status=error.status,
        hint="a task is named by its number: cone task search",
    )


def task_in(answer: TaskJson) -> TaskJson:
    """Return the task of an answer or of a search's row, an empty one where there is none."""
    found = wire.dig(answer, "taskView", "task") or wire.dig(answer, "task")
    return found if isinstance(found, dict) else {}


def task_name(task: TaskJson) -> str:
    """Return what people call it: its number, else its id."""
    return str(task.get("numericId") or task.get("id") or "")


def is_closed(task: TaskJson) -> bool:
    """Tell whether it has ended: the state is the only end signal."""
    return task.get("state") == "TASK_STATE_CLOSED"


def current_step(task: TaskJson) -> TaskJson:
    """Return the policy step that is due; an empty one between steps and at the end."""
    step = wire.dig(task, "policy", "current")
    return step if isinstance(step, dict) else {}


def approval_of(step: TaskJson) -> TaskJson:
    """Return how an approval step is to be approved, empty for every other step."""
    approval = wire.dig(step, "approval", "approval")
    return approval if isinstance(approval, dict) else {}


def outcome_name(task: TaskJson) -> tuple[str, str]:
    """Return what kind of task it is and the API's word for its outcome; empty what is absent."""
    kinds = task.get("type")
    for kind, content in kinds.items() if isinstance(kinds, dict) else ():
        if isinstance(content, dict):
            return kind, str(content.get("outcome") or "")
    return "", ""


def actions_of(task: TaskJson) -> list[str]:
    """Return what the caller may do with it, by the API's names."""
    return _texts(task, "actions")


def approver_ids(task: TaskJson) -> list[str]:
    """Return who decides the current step, else everybody whom the policy names."""
    return _texts(task, "stepApproverIds") or _texts(task, "approverIds")


async def approver_names(api: ApiClient, answer: TaskJson) -> list[str]:
    """Return the approvers by name and address; those who can't be looked up by their ids."""
    ids = approver_ids(task_in(answer))
    known = {
        str(user.get("id")): _person(user)
        for user in wire.rows(answer, "expanded")
        if str(user.get("@type", "")).endswith(".User")
    }

    async def name(user_id: str) -> str:
        return known.get(user_id) or await _name(api, user_id)

    names = await asyncio.gather(*(name(each) for each in ids[:NAMED_APPROVERS]))
    return [*names, *_rest(ids[NAMED_APPROVERS:])]


def _texts(task: TaskJson, key: str) -> list[str]:
    values = task.get(key)
    return [str(each) for each in values if each] if isinstance(values, list) else []


async def _name(api: ApiClient, user_id: str) -> str:
    try:
        async with asyncio.timeout(NAMES_LIMIT_S):
            answer = await api.get(api_path.user_path(user_id))
    except (ConeError, TimeoutError):
        return user_id
    return _person(wire.dig(answer, "userView", "user")) or user_id


def _person(user: object) -> str:
    name, email = (str(wire.dig(user, key) or "") for key in ("displayName", "email"))
    return f"{name} <{email}>" if name and email else name or email


def _rest(ids: Sequence[str]) -> list[str]:
    return [f"{len(ids)} more"] if ids else []
