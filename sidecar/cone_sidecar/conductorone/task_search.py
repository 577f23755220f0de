"""The search for tasks (reference §4.3)."""

from collections.abc import Mapping
from typing import Any

from cone_sidecar.conductorone import wire
from cone_sidecar.conductorone.api_client import ApiClient
from cone_sidecar.conductorone.pages import pages

SEARCH_PATH = "/api/v1/search/tasks"


async def search_tasks(api: ApiClient, filters: Mapping[str, object]) -> list[dict[str, Any]]:
    """Return the view of every task that ``filters`` let through, all pages, in the API's order.

    Args:
        api: The tenant's API.
        filters: Fields of the search, by their names in the API; none finds every task.

    Raises:
        UpstreamRejected: The pages don't end.
        ApiError: A filter isn't one.
        Unreachable: No usable answer, after retries.
    """
    return [
        view async for page in pages(api, SEARCH_PATH, filters) for view in wire.rows(page, "list")
    ]
