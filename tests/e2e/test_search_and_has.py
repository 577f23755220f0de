"""``cone search`` and ``has``: what may be requested and what one has, as processes."""

import json

import pytest

from fakes.access_commands import (
    ADA,
    BULK,
    SCENARIO,
    SETS,
    entitlements,
    ids,
)
from fakes.simulated_person import SimulatedPerson


@pytest.fixture(name="stage", scope="module")
def _stage(simulated_once):
    simulated_once.url = simulated_once.start_simulator(SCENARIO)
    return simulated_once


@pytest.fixture(name="ada", scope="module")
def _ada(stage):
    return SimulatedPerson(stage, ADA)


def test_search_shows_every_page(stage):
    """Rows are sorted by name; what isn't requestable isn't there."""
    done = stage.cone("search")
    assert done.returncode == 0, done.stderr
    head, *rows = done.stdout.splitlines()
    assert [cell.strip() for cell in head.split("|")] == [
        "",
        "Alias",
        "Display Name",
        "App",
        "Resource Type",
        "Resource",
    ]
    assert len(rows) == SETS + BULK
    assert not any("Hidden" in row for row in rows)
    held = next(row for row in rows if "Held" in row)
    assert [cell.strip() for cell in held.split("|")] == [
        "✓",
        "held",
        "Held Permission Set",
        "AWS",
        "Account",
        "P",
    ]


def test_search_filters(stage):
    """By words, alias, app and whether one has it."""
    assert len(entitlements(stage)) == SETS + BULK
    assert [each["alias"] for each in entitlements(stage, "--alias", "auto")] == ["auto"]
    assert {each["alias"] for each in entitlements(stage, "--granted")} >= {"held", "given"}
    assert "held" not in {each["alias"] for each in entitlements(stage, "--not-granted")}
    assert entitlements(stage, "--app", "Elsewhere") == []
    assert len(entitlements(stage, "-q", "Role007", "--include-deleted")) == 5


def test_search_without_hits(stage):
    """It is an empty table, and no error."""
    done = stage.cone("search", "--query", "nothing-of-the-kind")
    assert (done.returncode, len(done.stdout.splitlines())) == (0, 1)


def test_search_shows_ids_in_the_wide_table(stage):
    """They are what ``has`` and ``get`` take."""
    done = stage.cone("-o", "wide", "search", "--alias", "auto")
    app_id, entitlement_id = ids(stage, "auto")
    row = done.stdout.splitlines()[1]
    assert [cell.strip() for cell in row.split("|")][-2:] == [app_id, entitlement_id]


def test_search_for_granted_and_not_granted(stage):
    """The two exclude each other."""
    assert stage.cone("search", "--granted", "--not-granted").returncode == 2


def test_has(stage):
    """Yes is 0, no is 2; the JSON has the original's names, and no colours."""
    held, other = ids(stage, "held"), ids(stage, "asked")
    done = stage.cone("has", *held)
    assert (done.returncode, done.stdout) == (
        0,
        "Entitlement Granted | ✓\nApp Name            | AWS\nEntitlement         | Held Permission Set\n",
    )
    done = stage.cone("has", *other, "-o", "json")
    assert done.returncode == 2
    assert json.loads(done.stdout) == {
        "has": "",
        "app_id": other[0],
        "entitlement_id": other[1],
        "app_name": "AWS",
        "entitlement": "Asked Permission Set",
        "user_id": json.loads(done.stdout)["user_id"],
    }


def test_has_in_json(stage):
    """A yes is the original's check mark, without its colours."""
    done = stage.cone("has", *ids(stage, "held"), "-o", "json")
    assert (done.returncode, json.loads(done.stdout)["has"]) == (0, "✓")


def test_has_of_what_is_not_there(stage):
    """An unknown entitlement is an error, not a no."""
    app_id, _ = ids(stage, "held")
    done = stage.cone("has", app_id, "A" * 27)
    assert (done.returncode, done.stdout) == (1, "")
    assert "no such entitlement" in done.stderr


def test_logs_go_to_stderr_without_secrets(stage):
    """At debug each request is told of, by its URL; nothing of a header or a body is."""
    done = stage.cone("--debug", "search", "--alias", "auto", "-o", "json")
    assert json.loads(done.stdout)["entitlements"]
    assert "/api/v1/search/request_catalog/entitlements" in done.stderr
    secret = stage.environment["CONE_CLIENT_SECRET"]
    for word in (secret, secret.rpartition(":")[2], "Bearer", "authorization"):
        assert word not in done.stderr
    quiet = stage.cone("--log-level", "info", "search", "--alias", "auto")
    assert quiet.stderr == ""
