"""A person's open requests for access, all in one paginated call (reference §4.3)."""

from cone_sidecar.conductorone import wire
from cone_sidecar.conductorone.api_client import ApiClient
from cone_sidecar.conductorone.task_search import search_tasks
from cone_sidecar.conductorone.task_view import task_in
from cone_sidecar.domain.profile import EntitlementRef
from cone_sidecar.domain.task import Task


async def open_requests(api: ApiClient, user_id: str) -> dict[EntitlementRef, Task]:
    """Return the newest open request of the person for each entitlement; raises as ``search_tasks``."""
    filters = {
        "openerOrSubjectUserId": user_id,
        "taskTypes": [{"grant": {}}],
        "taskStates": ["TASK_STATE_OPEN"],
    }
    found: dict[EntitlementRef, Task] = {}
    for view in await search_tasks(api, filters):
        task = task_in(view)
        wanted = wire.dig(task, "type", "grant")
        app_id, entitlement_id = wire.dig(wanted, "appId"), wire.dig(wanted, "appEntitlementId")
        # What the person asked for on behalf of somebody else is found as well.
        theirs = wire.dig(wanted, "identityUserId") or task.get("userId") or user_id
        if app_id and entitlement_id and task.get("id") and theirs == user_id:
            ref = EntitlementRef(str(app_id), str(entitlement_id))
            found.setdefault(ref, wire.task({"taskView": view}, api.host))
    return found
