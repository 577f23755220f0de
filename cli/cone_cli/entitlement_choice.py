"""Which entitlement a command means: by its ids, its alias, or words that a person chooses by."""

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from cone_cli.prompt import Prompter, choose
from cone_sidecar.domain.profile import EntitlementRef
from cone_sidecar.errors import UpstreamRejected, UsageError

if TYPE_CHECKING:
    from cone_sidecar.conductorone.api_client import ApiClient
    from cone_sidecar.conductorone.request_catalog import CatalogEntry

MOST_LISTED = 20


def add_entitlement_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what names an entitlement."""
    parser.add_argument(
        "alias", nargs="?", default="", metavar="alias", help="the entitlement's alias"
    )
    parser.add_argument("--alias", dest="named_alias", metavar="ALIAS", default="", help="the same")
    parser.add_argument(
        "-q", "--query", metavar="TEXT", default="", help="words to find the entitlement by"
    )
    parser.add_argument("-a", "--app-id", metavar="ID", default="", help="the app's id")
    parser.add_argument(
        "-e", "--entitlement-id", metavar="ID", default="", help="the entitlement's id in the app"
    )


class EntitlementChoice:
    """What the arguments say about the entitlement.

    Raises:
        UsageError: They say too little, or two things.
    """

    def __init__(self, args: argparse.Namespace) -> None:
        self.alias: str = args.alias or args.named_alias
        self.query: str = args.query
        by_words = bool(self.alias or self.query)
        by_ids = bool(args.app_id or args.entitlement_id)
        if by_words and by_ids:
            raise UsageError(
                "cannot provide an alias or query and an entitlement id and app id",
                hint="leave out one or the other",
            )
        if not by_words and not (args.app_id and args.entitlement_id):
            raise UsageError(
                "must provide either an alias, query string, or an entitlement id and app id",
                hint="name it by <alias>, --query <text>, or --app-id <id> --entitlement-id <id>",
            )
        self._ref = None if by_words else EntitlementRef(args.app_id, args.entitlement_id)

    async def resolve(self, api: "ApiClient", prompter: Prompter | None) -> EntitlementRef:
        """Return the one that is meant; asks where several might be.

        Raises:
            UpstreamRejected: There is none.
            UsageError: There are several, and nobody can be asked.
        """
        from cone_sidecar.conductorone.request_catalog import CatalogFilter, search_catalog

        if self._ref:
            return self._ref
        wanted = CatalogFilter(query=self.query, alias=self.alias)
        found = await search_catalog(api, wanted)
        if not found:
            raise UpstreamRejected(
                f"no entitlement found with {self._words}",
                hint="cone search lists what you may request",
            )
        if len(found) == 1:
            return _ref(found[0])
        if prompter is None:
            raise self._several(found)
        title = "Please select an entitlement"
        return _ref(found[choose(prompter, title, [_line(entry) for entry in found])])

    @property
    def _words(self) -> str:
        named = [f"alias {self.alias}"] if self.alias else []
        named += [f"query {self.query}"] if self.query else []
        return " and ".join(named)

    def _several(self, found: "Sequence[CatalogEntry]") -> UsageError:
        lines = [f"  {_id_options(entry)}    {_line(entry)}" for entry in found[:MOST_LISTED]]
        if rest := found[MOST_LISTED:]:
            lines.append(f"  … and {len(rest)} more: cone search -o wide")
        return UsageError(
            f"multiple entitlements found with {self._words}, "
            "please specify an entitlement id and app id",
            hint="\n".join(["one of", *lines]),
        )


def _ref(entry: "CatalogEntry") -> EntitlementRef:
    return EntitlementRef(entry.text("appId"), entry.text("id"))


def _id_options(entry: "CatalogEntry") -> str:
    return f"--app-id {entry.text('appId')} --entitlement-id {entry.text('id')}"


def _line(entry: "CatalogEntry") -> str:
    """Return how people tell it from others."""
    where = ", ".join(filter(None, (entry.resource, entry.app)))
    name = entry.text("displayName") or entry.text("slug") or entry.text("id")
    alias = f" [{entry.text('alias')}]" if entry.text("alias") else ""
    return (f"{name} ({where})" if where else name) + alias
