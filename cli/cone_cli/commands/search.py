"""``cone search``: the entitlements that may be requested."""

import argparse
from typing import TYPE_CHECKING

from cone_cli.option_variables import take_variables
from cone_cli.output import CHECK_MARK, add_output_option, put_list

if TYPE_CHECKING:
    from datetime import datetime

    from cone_sidecar.conductorone.request_catalog import CatalogEntry

EXAMPLE = "example: cone search --query admin --not-granted -o wide"
COLUMNS = ("", "Alias", "Display Name", "App", "Resource Type", "Resource")
WIDE_COLUMNS = (*COLUMNS, "Description", "App ID", "Entitlement ID")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "-q", "--query", metavar="TEXT", default="", help="words to find entitlements by"
    )
    parser.add_argument("--alias", metavar="ALIAS", default="", help="the exact alias")
    parser.add_argument("--app", metavar="NAME", default="", help="the app's exact name")
    granted = parser.add_mutually_exclusive_group()
    granted.add_argument("--granted", action="store_true", help="only what you have")
    granted.add_argument("--not-granted", action="store_true", help="only what you don't have")
    parser.add_argument("--include-deleted", action="store_true", help="also deleted ones")
    add_output_option(parser)
    take_variables(parser)


def run(args: argparse.Namespace) -> int:
    """Print the entitlements; returns the exit code."""
    from cone_cli.composition import run_async

    return run_async(_search(args))


async def _search(args: argparse.Namespace) -> int:
    from cone_cli.composition import open_tenant
    from cone_sidecar.clock import SystemClock
    from cone_sidecar.conductorone.request_catalog import CatalogFilter, search_catalog

    wanted = CatalogFilter(
        query=args.query,
        alias=args.alias,
        app=args.app,
        granted_status=_granted_status(args),
        include_deleted=args.include_deleted,
    )
    async with open_tenant(args, source="cone:search") as tenant:
        found = await search_catalog(tenant.api, wanted)
    content = {
        "entitlements": [
            {"Entitlement": entry.entitlement, "Bindings": entry.bindings} for entry in found
        ]
    }
    now = SystemClock().now()
    shown = sorted(found, key=lambda entry: entry.text("displayName").casefold())
    put_list(
        args.output,
        content,
        COLUMNS,
        [row_of(entry, now) for entry in shown],
        wide_columns=WIDE_COLUMNS,
        wide_rows=[wide_row_of(entry, now) for entry in shown],
    )
    return 0


def row_of(entry: "CatalogEntry", now: "datetime") -> tuple[object, ...]:
    """Return the cells of ``COLUMNS``; what the API left out is an empty cell."""
    return (
        CHECK_MARK if entry.granted(now) else "",
        entry.text("alias"),
        entry.text("displayName"),
        entry.app,
        entry.resource_type,
        entry.resource,
    )


def wide_row_of(entry: "CatalogEntry", now: "datetime") -> tuple[object, ...]:
    """Return the cells of ``WIDE_COLUMNS``."""
    return (
        *row_of(entry, now),
        entry.text("description"),
        entry.text("appId"),
        entry.text("id"),
    )


def _granted_status(args: argparse.Namespace) -> str:
    if args.granted:
        return "GRANTED"
    return "NOT_GRANTED" if args.not_granted else "ALL"
