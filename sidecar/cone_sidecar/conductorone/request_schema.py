"""Request forms on the wire: the one bound to an entitlement, a task's, and its answers (reference §3.4)."""

from collections.abc import Mapping

import httpx

from cone_sidecar.conductorone import wire
from cone_sidecar.conductorone.api_client import ApiClient, ApiError
from cone_sidecar.conductorone.api_path import segment
from cone_sidecar.conductorone.form_binding import bound_form_id
from cone_sidecar.conductorone.request_form import RequestForm, read_form
from cone_sidecar.conductorone.task_view import TaskJson, current_step, is_closed, task_path
from cone_sidecar.domain.profile import EntitlementRef

UPDATE = "TASK_ACTION_TYPE_UPDATE_REQUEST_DATA"
DONE = "FORM_INSTANCE_STATE_DONE"
HIDDEN = "JUSTIFICATION_VISIBILITY_HIDE"
# A form that isn't there, and one that isn't shown to us: the task tells whether it wants answers.
NO_FORM = frozenset({httpx.codes.NOT_FOUND, httpx.codes.FORBIDDEN})


async def bound_form(api: ApiClient, ref: EntitlementRef) -> RequestForm | None:
    """Return the form that a request for ``ref`` has to fill in, None where none is bound.

    Raises:
        ApiError: A definite refusal, other than that there is no form.
        Unreachable: No usable answer, after retries.
    """
    try:
        schema_id = await bound_form_id(api, ref)
    except ApiError as error:
        if error.status in NO_FORM:
            return None
        raise
    return await form_with_id(api, schema_id) if schema_id else None


async def form_with_id(api: ApiClient, schema_id: str) -> RequestForm | None:
    """Return a form by its id, None where there is none; raises as :func:`bound_form` does."""
    try:
        answer = await api.get(f"/api/v1/request_schemas/{segment(schema_id)}")
    except ApiError as error:
        if error.status in NO_FORM:
            return None
        raise
    schema = wire.dig(answer, "requestSchema")
    content = wire.dig(schema, "form")
    if not isinstance(content, dict):
        return None
    hidden = wire.dig(schema, "justificationVisibility") == HIDDEN
    return read_form(content, hides_justification=hidden)


def waiting_form(task: TaskJson) -> RequestForm | None:
    """Return the form whose answers an open task waits for, None where it waits for none.

    A form step says so; before the first step, and where the task allows it, an unanswered form does.
    """
    step = current_step(task)
    instance = step.get("form")
    if is_closed(task):
        return None
    if isinstance(instance, dict):
        if instance.get("state") == DONE:
            return None
        return read_form(instance.get("form") or task.get("form"))
    actions = task.get("actions")
    allowed = isinstance(actions, list) and UPDATE in actions
    content = task.get("form")
    if not isinstance(content, dict) or task.get("data") or (step and not allowed):
        return None
    form = read_form(content)
    return form if form.fields else None


async def update_request_data(api: ApiClient, task_id: str, data: Mapping[str, object]) -> None:
    """Answer the form that a task waits for; the answer shows the task as it was before (reference §4.4).

    Raises:
        ApiError: The tenant doesn't take the answers.
        Unreachable: No usable answer; they may have arrived all the same.
    """
    await api.post(f"{task_path(task_id)}/action/update-request-data", {"data": dict(data)})
