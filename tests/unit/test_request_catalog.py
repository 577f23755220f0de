"""The request catalogue and what else is read of it: pages, leniency, what counts as granted."""

import argparse
from datetime import UTC, datetime

import pytest

from cone_cli.commands.search import row_of, wide_row_of
from cone_cli.entitlement_choice import EntitlementChoice
from cone_sidecar.conductorone.app_users import app_users
from cone_sidecar.conductorone.request_catalog import SEARCH_PATH, CatalogFilter, search_catalog
from cone_sidecar.domain.profile import EntitlementRef
from cone_sidecar.errors import UpstreamRejected, UsageError
from fakes.person import Person
from fakes.scripted_api import ScriptedApi, refusal

NOW = datetime(2026, 1, 2, tzinfo=UTC)
ACCOUNTS_PATH = "/api/v1/apps/a/users/u/app_users?page_size=100"


def row(name="Admin", bindings=(), **paths):
    entitlement = {"id": f"e-{name}", "appId": "app", "displayName": name, "alias": None}
    return {
        "entitlement": {"appEntitlement": entitlement, **paths},
        "appEntitlementUserBindings": list(bindings),
    }


def page(*rows, following="", expanded=()):
    return {"list": list(rows), "expanded": list(expanded), "nextPageToken": following}


def catalogue(*pages):
    return ScriptedApi(**{SEARCH_PATH: list(pages)})


async def test_all_pages_of_what_is_asked_for():
    """What isn't asked for isn't sent; each page is asked for by the token of the one before."""
    api = catalogue(page(row("A"), following="b"), page(row("B"), row("C")))
    found = await search_catalog(api, CatalogFilter(query="x", granted_status="GRANTED"))
    assert [entry.text("displayName") for entry in found] == ["A", "B", "C"]
    bodies = [body for _, _, body in api.sent]
    assert [body["pageToken"] for body in bodies] == ["", "b"]
    assert (bodies[0]["query"], bodies[0]["grantedStatus"]) == ("x", "GRANTED")
    assert "entitlementAlias" not in bodies[0]


async def test_pages_that_do_not_end():
    """A token that comes again is an error, not a loop."""
    api = catalogue(page(row(), following="a"))
    with pytest.raises(UpstreamRejected, match="repeats a page"):
        await search_catalog(api, CatalogFilter())


@pytest.mark.parametrize("rows", [None, [], [None, {}, {"entitlement": None}]])
async def test_what_is_absent_or_foreign_is_no_entry(rows):
    """Nor is it a crash, as with the original."""
    assert await search_catalog(catalogue({"list": rows}), CatalogFilter()) == []


async def test_rows():
    """Related objects are followed; a path that leads nowhere is an empty cell."""
    expanded = [{"@type": "x", "displayName": "AWS"}, {"@type": "SomethingNew"}]
    paths = {
        "appPath": "$.expanded[0]",
        "appResourceTypePath": "$.expanded[7]",
        "appResourcePath": "$.elsewhere",
    }
    granted = {"createdAt": "2026-01-01T00:00:00Z", "deprovisionAt": "2026-01-03T00:00:00Z"}
    api = catalogue(page(row(bindings=[granted], **paths), expanded=expanded))
    (entry,) = await search_catalog(api, CatalogFilter())
    assert row_of(entry, NOW) == ("✓", "", "Admin", "AWS", "", "")
    assert wide_row_of(entry, NOW)[-3:] == ("", "app", "e-Admin")


@pytest.mark.parametrize(
    ("binding", "granted"),
    [
        ({"createdAt": "2026-01-01T00:00:00Z"}, True),
        ({"deprovisionAt": "2026-01-02T00:00:01Z"}, True),
        ({"deprovisionAt": "2026-01-02T00:00:00Z"}, False),
        ({"deletedAt": "2026-01-01T00:00:00Z"}, False),
    ],
)
async def test_a_grant_that_has_ended_is_none(binding, granted):
    """Though the tenant still lists it."""
    (entry,) = await search_catalog(catalogue(page(row(bindings=[binding]))), CatalogFilter())
    assert entry.granted(NOW) is granted


def choice(**said):
    arguments = {"alias": "", "named_alias": "", "query": "", "app_id": "", "entitlement_id": ""}
    return EntitlementChoice(argparse.Namespace(**(arguments | said)))


async def test_ids_need_no_search():
    """They are the entitlement."""
    api = catalogue()
    assert await choice(app_id="a", entitlement_id="b").resolve(api, None) == EntitlementRef(
        "a", "b"
    )
    assert api.sent == []


@pytest.mark.parametrize(
    "said",
    [{}, {"app_id": "a"}, {"alias": "x", "app_id": "a"}, {"query": "x", "entitlement_id": "e"}],
)
def test_too_little_or_too_much(said):
    """An entitlement is named in one way."""
    with pytest.raises(UsageError):
        choice(**said)


async def test_the_only_match_is_it():
    """The positional alias wins over the option."""
    api = catalogue(page(row()))
    found = await choice(alias="x", named_alias="y").resolve(api, None)
    assert found == EntitlementRef("app", "e-Admin")
    assert api.sent[0][2]["entitlementAlias"] == "x"


async def test_no_match():
    """The original's sentence."""
    with pytest.raises(UpstreamRejected, match="no entitlement found with alias x and query y"):
        await choice(alias="x", query="y").resolve(catalogue(page()), None)


async def test_several_matches_and_a_person():
    """They choose, however often they are asked."""
    person = Person("0", "x", "2")
    found = await choice(query="x").resolve(catalogue(page(row("A"), row("B"))), person)
    assert found == EntitlementRef("app", "e-B")
    assert person.shown[:3] == ["Please select an entitlement", "  1) A", "  2) B"]


async def test_several_matches_and_nobody():
    """The candidates are listed by their ids, not all of too many."""
    api = catalogue(page(*(row(f"R{n}") for n in range(30))))
    with pytest.raises(UsageError, match="multiple entitlements found with query x") as caught:
        await choice(query="x").resolve(api, None)
    lines = caught.value.hint.splitlines()
    assert lines[1] == "  --app-id app --entitlement-id e-R0    R0"
    assert lines[-1] == "  … and 10 more: cone search -o wide"
    assert caught.value.exit_code == 2


async def test_accounts():
    """All pages; those that aren't shown are none."""
    first = {"list": [{"appUser": {"id": "1"}}, {"appUser": None}], "nextPageToken": "n"}
    api = ScriptedApi(
        **{ACCOUNTS_PATH: [first], f"{ACCOUNTS_PATH}&page_token=n": [{"list": [{"id": "2"}]}]}
    )
    assert [each["id"] for each in await app_users(api, "a", "u")] == ["1", "2"]
    assert await app_users(ScriptedApi(**{ACCOUNTS_PATH: [refusal(403)]}), "a", "u") == []
