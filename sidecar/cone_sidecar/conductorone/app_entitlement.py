"""An entitlement and its app, whole, as the API describes them (reference §3.4)."""

from typing import Any

import httpx

from cone_sidecar.conductorone import wire
from cone_sidecar.conductorone.api_client import ApiClient, ApiError
from cone_sidecar.conductorone.api_path import entitlement_path, segment
from cone_sidecar.domain.profile import EntitlementRef
from cone_sidecar.errors import UpstreamRejected

# A malformed id is answered with 400, an unknown one with 404.
UNKNOWN = frozenset({httpx.codes.BAD_REQUEST, httpx.codes.NOT_FOUND})


async def app_as_sent(api: ApiClient, app_id: str) -> dict[str, Any]:
    """Return the app.

    Raises:
        UpstreamRejected: There is none.
    """
    try:
        answer = await api.get(f"/api/v1/apps/{segment(app_id)}")
    except ApiError as error:
        if error.status in UNKNOWN:
            raise UpstreamRejected(
                "ConductorOne has no such app",
                status=error.status,
                hint="cone search -o wide shows the ids",
            ) from error
        raise
    return dict(wire.dig(answer, "app") or {})


async def entitlement_as_sent(api: ApiClient, ref: EntitlementRef) -> dict[str, Any]:
    """Return the entitlement.

    Raises:
        UpstreamRejected: There is none.
    """
    try:
        answer = await api.get(entitlement_path(ref))
    except ApiError as error:
        if error.status in UNKNOWN:
            raise no_such_entitlement(error) from error
        raise
    return dict(wire.dig(answer, "appEntitlementView", "appEntitlement") or {})


def no_such_entitlement(error: ApiError) -> UpstreamRejected:
    """Tell that the tenant knows no such entitlement, or doesn't show it to us."""
    return UpstreamRejected(
        "ConductorOne has no such entitlement in this app",
        status=error.status,
        hint="cone search -o wide shows the ids",
    )
