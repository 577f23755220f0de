"""Lists and searches that come in pages (reference §0)."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from typing import Any
from urllib.parse import urlencode

from cone_sidecar.conductorone.api_client import ApiClient
from cone_sidecar.errors import UpstreamRejected

# The most that the tenant gives at once; a page may hold more or fewer rows all the same.
PAGE_SIZE = 100
# Sending a request takes a few turns of the event loop.
SENT_AFTER_S = 0.001

Fetch = Callable[[str], Coroutine[Any, Any, dict[str, Any]]]


async def pages(
    api: ApiClient, path: str, body: Mapping[str, object]
) -> AsyncIterator[dict[str, Any]]:
    """Yield every page of the search that ``body`` describes.

    Raises:
        UpstreamRejected: The pages don't end.
        ApiError: A definite refusal.
        Unreachable: No usable answer, after retries.
    """

    def fetch(page_token: str) -> Coroutine[Any, Any, dict[str, Any]]:
        return api.search(path, {**body, "pageSize": PAGE_SIZE, "pageToken": page_token})

    async for page in _follow(fetch):
        yield page


async def list_pages(api: ApiClient, path: str) -> AsyncIterator[dict[str, Any]]:
    """Yield every page of the list at ``path``; raises as :func:`pages` does."""

    def fetch(page_token: str) -> Coroutine[Any, Any, dict[str, Any]]:
        query = {"page_size": PAGE_SIZE} | ({"page_token": page_token} if page_token else {})
        return api.get(f"{path}?{urlencode(query)}")

    async for page in _follow(fetch):
        yield page


async def _follow(fetch: Fetch) -> AsyncIterator[dict[str, Any]]:
    """Yield the pages; the next one is on its way while its reader is busy with one."""
    seen: set[str] = set()
    page = await fetch("")
    while page_token := str(page.get("nextPageToken") or ""):
        if page_token in seen:
            raise UpstreamRejected("ConductorOne repeats a page", hint="retry the command")
        seen.add(page_token)
        following = asyncio.create_task(fetch(page_token))
        try:
            # It has to be sent before the reader has the event loop for itself.
            await asyncio.wait({following}, timeout=SENT_AFTER_S)
            yield page
            page = await following
        finally:
            # Where the reader went away, nobody waits for it, or for its failure.
            if not following.cancel() and not following.cancelled():
                following.exception()
    yield page
