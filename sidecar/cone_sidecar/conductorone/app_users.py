"""The accounts that a person has in an app (reference §3.4)."""

from typing import Any

import httpx

from cone_sidecar.conductorone import wire
from cone_sidecar.conductorone.api_client import ApiClient, ApiError
from cone_sidecar.conductorone.api_path import segment
from cone_sidecar.conductorone.pages import list_pages

UNKNOWN = frozenset({httpx.codes.FORBIDDEN, httpx.codes.NOT_FOUND})


async def app_users(api: ApiClient, app_id: str, user_id: str) -> list[dict[str, Any]]:
    """Return the accounts, all pages; none where the tenant doesn't tell.

    Raises:
        UpstreamRejected: The pages don't end.
        ApiError: A definite refusal, other than that they aren't shown.
        Unreachable: No usable answer, after retries.
    """
    path = f"/api/v1/apps/{segment(app_id)}/users/{segment(user_id)}/app_users"
    try:
        rows = [row async for page in list_pages(api, path) for row in wire.rows(page, "list")]
    except ApiError as error:
        if error.status in UNKNOWN:
            return []
        raise
    # The list is of views; an account itself is taken as well.
    found = [row.get("appUser", row) for row in rows]
    return [account for account in found if isinstance(account, dict) and account.get("id")]
