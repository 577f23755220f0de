"""The request catalogue: which entitlements may be requested, and which of them one has (reference §3.2)."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cone_sidecar.conductorone import wire
from cone_sidecar.conductorone.api_client import ApiClient
from cone_sidecar.conductorone.pages import pages

SEARCH_PATH = "/api/v1/search/request_catalog/entitlements"
SEARCH_MASK = {"paths": ["app_id", "app_resource_type_id", "app_resource_id"]}


@dataclass(frozen=True, slots=True)
class CatalogFilter:
    """What is searched for: ``query`` is fuzzy, ``alias`` and ``app`` are exact; empty finds all."""

    query: str = ""
    alias: str = ""
    app: str = ""
    granted_status: str = "ALL"
    include_deleted: bool = False


@dataclass(frozen=True, slots=True)
class CatalogEntry:
    """A requestable entitlement as sent, with the person's bindings and the names of what it is on."""

    entitlement: dict[str, Any]
    bindings: list[dict[str, Any]]
    app: str
    resource_type: str
    resource: str

    def text(self, key: str) -> str:
        """Return a text of the entitlement, empty where it is absent."""
        value = self.entitlement.get(key)
        return value if isinstance(value, str) else ""

    def granted(self, now: datetime) -> bool:
        """Tell whether the person has it: a binding that is neither deleted nor past its end."""
        return any(
            not binding.get("deletedAt")
            and ((ends := wire.timestamp(binding.get("deprovisionAt"))) is None or ends > now)
            for binding in self.bindings
        )


async def search_catalog(api: ApiClient, wanted: CatalogFilter) -> list[CatalogEntry]:
    """Return every entitlement that ``wanted`` lets through; raises as :func:`catalog_entries` does."""
    return [entry async for entry in catalog_entries(api, wanted)]


async def catalog_entries(api: ApiClient, wanted: CatalogFilter) -> AsyncIterator[CatalogEntry]:
    """Yield every entitlement that ``wanted`` lets through, all pages, in the API's order.

    Only one page is held at a time: a row is some kilobytes.

    Raises:
        UpstreamRejected: The pages don't end.
        ApiError: A definite refusal.
        Unreachable: No usable answer, after retries.
    """
    body: dict[str, object] = {
        "expandMask": SEARCH_MASK,
        "grantedStatus": wanted.granted_status,
        "includeDeleted": wanted.include_deleted,
    }
    named = {
        "query": wanted.query,
        "entitlementAlias": wanted.alias,
        "appDisplayName": wanted.app,
    }
    body |= {name: text for name, text in named.items() if text}
    async for page in pages(api, SEARCH_PATH, body):
        for entry in entries(page):
            yield entry


def entries(page: dict[str, Any]) -> Iterator[CatalogEntry]:
    """Yield a page's entries; related objects stand in a list of their own, which paths point into."""
    expanded = page.get("expanded")
    related = expanded if isinstance(expanded, list) else []
    for row in wire.rows(page, "list"):
        view = row.get("entitlement")
        entitlement = wire.dig(view, "appEntitlement")
        if isinstance(entitlement, dict):
            yield CatalogEntry(
                entitlement,
                wire.rows(row, "appEntitlementUserBindings"),
                *(
                    _display_name(related, wire.dig(view, path))
                    for path in ("appPath", "appResourceTypePath", "appResourcePath")
                ),
            )


def _display_name(related: list[Any], path: object) -> str:
    """Follow a path of the form ``$.expanded[N]``."""
    if not isinstance(path, str):
        return ""
    index = path.removeprefix("$.expanded[").removesuffix("]")
    if not index.isdecimal() or int(index) >= len(related):
        return ""
    return str(wire.dig(related[int(index)], "displayName") or "")
