"""Paths of the API, made of ids that came from elsewhere."""

from urllib.parse import quote

from cone_sidecar.domain.profile import EntitlementRef
from cone_sidecar.errors import UpstreamRejected


def segment(identifier: str) -> str:
    """Quote an id for a path; an empty one or a dot would mean another path (reference §0).

    Raises:
        UpstreamRejected: It can't be an id.
    """
    if not identifier.strip("./ "):
        raise UpstreamRejected(f"this is no ConductorOne id: {identifier!r}", hint="cone aws setup")
    return quote(identifier, safe="")


def entitlement_path(ref: EntitlementRef) -> str:
    """Return an entitlement's path; raises as :func:`segment` does."""
    return f"/api/v1/apps/{segment(ref.app_id)}/entitlements/{segment(ref.entitlement_id)}"


def user_path(user_id: str) -> str:
    """Return a user's path; raises as :func:`segment` does."""
    return f"/api/v1/users/{segment(user_id)}"


def task_path(task_id: str) -> str:
    """Return a task's path, by its id or number; raises as :func:`segment` does."""
    return f"/api/v1/tasks/{segment(task_id)}"
