"""The search for grants: all that a person has, in one paginated call (reference §3.4)."""

from typing import Any

from cone_sidecar.conductorone import wire
from cone_sidecar.conductorone.api_client import ApiClient
from cone_sidecar.conductorone.pages import pages
from cone_sidecar.domain.profile import EntitlementRef
from cone_sidecar.domain.task import Grant

SEARCH_PATH = "/api/v1/search/grants"
PREFIX = "appEntitlementUserBinding"


async def search_grants(api: ApiClient, user_id: str) -> dict[EntitlementRef, Grant]:
    """Return what the person has, all pages; a grant whose end is past may still be among it.

    Raises:
        UpstreamRejected: The pages don't end.
        ApiError: A definite refusal.
        Unreachable: No usable answer, after retries.
    """
    found: dict[EntitlementRef, list[dict[str, Any]]] = {}
    async for page in pages(api, SEARCH_PATH, {"userId": user_id}):
        for row in wire.rows(page, "list"):
            entitlement = wire.dig(row, "entitlement", "appEntitlement")
            app_id, entitlement_id = wire.dig(entitlement, "appId"), wire.dig(entitlement, "id")
            if app_id and entitlement_id:
                ref = EntitlementRef(str(app_id), str(entitlement_id))
                found.setdefault(ref, []).append(_binding(row))
    grants = {ref: wire.grant({"bindings": bindings}) for ref, bindings in found.items()}
    return {ref: grant for ref, grant in grants.items() if grant}


def _binding(row: dict[str, Any]) -> dict[str, Any]:
    """Return the row's binding under the names that it has in the list of one entitlement."""
    view = wire.dig(row, PREFIX)
    return {
        # Other than that list, the search has no rows for what isn't granted.
        "createdAt": wire.dig(view, f"{PREFIX}CreatedAt") or True,
        "deletedAt": wire.dig(view, f"{PREFIX}DeletedAt"),
        "deprovisionAt": wire.dig(view, f"{PREFIX}DeprovisionAt"),
    }
