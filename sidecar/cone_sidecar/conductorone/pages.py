"""Lists and searches that come in pages (reference §0)."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import urlencode

from cone_sidecar.conductorone.api_client import ApiClient
from cone_sidecar.errors import UpstreamRejected

# The most that the tenant gives at once; a page may hold more or fewer rows all the same.
PAGE_SIZE = 100


async def pages(
    api: ApiClient, path: str, body: Mapping[str, object]
) -> AsyncIterator[dict[str, Any]]:
    """Yield every page of the search that ``body`` describes.

    Raises:
        UpstreamRejected: The pages don't end.
        ApiError: A definite refusal.
        Unreachable: No usable answer, after retries.
    """

    def fetch(page_token: str) -> Awaitable[dict[str, Any]]:
        return api.search(path, {**body, "pageSize": PAGE_SIZE, "pageToken": page_token})

    async for page in _follow(fetch):
        yield page


async def list_pages(api: ApiClient, path: str) -> AsyncIterator[dict[str, Any]]:
    """Yield every page of the list at ``path``; raises as :func:`pages` does."""

    def fetch(page_token: str) -> Awaitable[dict[str, Any]]:
        query = {"page_size": PAGE_SIZE} | ({"page_token": page_token} if page_token else {})
        return api.get(f"{path}?{urlencode(query)}")

    async for page in _follow(fetch):
        yield page


async def _follow(
    fetch: Callable[[str], Awaitable[dict[str, Any]]],
) -> AsyncIterator[dict[str, Any]]:
    seen: set[str] = set()
    page_token = ""
    while True:
        page = await fetch(page_token)
        yield page
        page_token = str(page.get("nextPageToken") or "")
        if not page_token:
            return
        if page_token in seen:
            raise UpstreamRejected("ConductorOne repeats a page", hint="retry the command")
        seen.add(page_token)
