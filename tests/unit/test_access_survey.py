"""How many profiles stand: what a tenant lists, what is kept here, and what can't be found out."""

from dataclasses import replace
from datetime import timedelta

import pytest

from cone_cli.access_survey import AccessSurvey
from cone_sidecar.clock import rfc3339
from cone_sidecar.conductorone import grant_search, task_search
from cone_sidecar.conductorone.grant_search import search_grants
from cone_sidecar.conductorone.open_requests import open_requests
from cone_sidecar.domain.credentials import RoleCredentials
from cone_sidecar.domain.ports import GrantMemory, HeldCredentials
from cone_sidecar.domain.profile import EntitlementRef
from cone_sidecar.domain.task import Grant, Outcome
from cone_sidecar.errors import LoginRequired, Unreachable
from cone_sidecar.secret import Secret
from fakes.access import PROFILE
from fakes.scripted_api import ScriptedApi

ME, SOMEBODY = "u" * 27, "v" * 27
REF = PROFILE.entitlement


def grant_row(ends=None, ref=REF, **changes):
    prefix = "appEntitlementUserBinding"
    binding = {f"{prefix}CreatedAt": "2026-01-01T00:00:00Z"} | changes
    if ends:
        binding[f"{prefix}DeprovisionAt"] = rfc3339(ends)
    entitlement = {"appEntitlement": {"appId": ref.app_id, "id": ref.entitlement_id}}
    return {"appEntitlementUserBinding": binding, "entitlement": entitlement}


def task_row(number=1234, step=None, outcome="GRANT_OUTCOME_UNSPECIFIED", **changes):
    wanted = {
        "appId": REF.app_id,
        "appEntitlementId": REF.entitlement_id,
        "identityUserId": ME,
        "outcome": outcome,
    }
    return {
        "task": {
            "id": f"t{number}",
            "numericId": str(number),
            "state": "TASK_STATE_OPEN",
            "createdAt": "2026-01-02T03:00:00Z",
            "policy": {"current": step},
            "type": {"grant": wanted | changes},
        }
    }


def api(grants=(), tasks=()):
    """Answer the two searches, each in a page for each row."""
    return ScriptedApi(
        **{grant_search.SEARCH_PATH: pages(grants), task_search.SEARCH_PATH: pages(tasks)}
    )


def pages(rows):
    last = len(rows) - 1
    found = [
        {"list": [row], "nextPageToken": "" if place == last else f"page {place}"}
        for place, row in enumerate(rows)
    ]
    return found or [{"list": [], "nextPageToken": ""}]


class Tenants:
    """One tenant, or none that answers."""

    def __init__(self, api, error=None):
        self.api = api
        self.error = error

    def tenant_named(self, name):
        if self.error:
            raise self.error
        return self

    async def user_id(self):
        return ME


class Kept:
    """A store that keeps what a test puts there."""

    def __init__(self, held=None, granted_at=None):
        self.held = held
        self.marked = granted_at

    def load(self, profile):
        return self.held

    def grant_memory(self, profile):
        return GrantMemory(self.marked)


def held(clock, *, life=timedelta(hours=1), grant_ends=None):
    now = clock.now()
    credentials = RoleCredentials("ASIA", Secret("k"), Secret("t"), now + life, PROFILE.account_id)
    return HeldCredentials(credentials, grant_ends, fetched_at=now, checked_at=now)


async def view(clock, tenants, kept=None, profile=PROFILE):
    survey = AccessSurvey(tenants, kept or Kept(), clock)
    return (await survey.views([profile]))[profile.name], survey


async def test_the_search_for_grants(clock):
    """All pages are read; of several bindings the longest counts, and what was taken back doesn't."""
    later, other = clock.now() + timedelta(hours=8), EntitlementRef("a", "other")
    deleted = {"appEntitlementUserBindingDeletedAt": "2026-01-01T01:00:00Z"}
    gone = EntitlementRef("a", "gone")
    rows = [
        grant_row(clock.now()),
        grant_row(later),
        grant_row(ref=other),
        grant_row(ref=other, ends=later),
        grant_row(ref=gone, **deleted),
        {"entitlement": None},
    ]
    asked = api(rows)
    assert await search_grants(asked, ME) == {REF: Grant(later), other: Grant(None)}
    assert {body["userId"] for _, _, body in asked.sent} == {ME}
    assert len(asked.sent) == len(rows)


async def test_a_row_without_a_time_is_a_grant():
    """The search has no rows for what isn't granted."""
    row = grant_row()
    row["appEntitlementUserBinding"] = None
    assert await search_grants(api([row]), ME) == {REF: Grant(None)}


async def test_the_search_for_open_requests():
    """The newest counts, and what was asked for on behalf of others doesn't."""
    rows = [task_row(9, identityUserId=SOMEBODY), task_row(8), task_row(7), {"task": None}]
    asked = api(tasks=rows)
    found = await open_requests(asked, ME)
    assert [task.number for task in found.values()] == ["8"]
    (_, _, body) = asked.sent[0]
    assert body["openerOrSubjectUserId"] == ME
    assert body["taskTypes"] == [{"grant": {}}]
    assert body["taskStates"] == ["TASK_STATE_OPEN"]


async def test_no_grant(clock):
    """Nothing listed, asked for or kept is no grant."""
    found, survey = await view(clock, Tenants(api()))
    assert found["state"] == "no grant"
    assert survey.errors == []


async def test_granted(clock):
    """A grant that nobody fetched credentials for is granted, until its end."""
    ends = clock.now() + timedelta(hours=8)
    found, _ = await view(clock, Tenants(api([grant_row(ends)])))
    assert (found["state"], found["grant_ends"]) == ("granted", rfc3339(ends))
    assert "served" not in found


async def test_ready(clock):
    """Credentials that are kept for a grant are served; the tenant says when the grant ends."""
    ends = clock.now() + timedelta(hours=8)
    found, _ = await view(clock, Tenants(api([grant_row(ends)])), Kept(held(clock)))
    assert (found["state"], found["served"]) == ("ready", True)
    assert found["grant_ends"] == rfc3339(ends)
    assert found["expires"] == rfc3339(clock.now() + timedelta(hours=1))


async def test_what_is_kept_has_ended(clock):
    """Credentials that have ended are none, with a grant or without."""
    kept = Kept(held(clock, life=timedelta(seconds=30)))
    assert (await view(clock, Tenants(api([grant_row()])), kept))[0]["state"] == "granted"
    assert (await view(clock, Tenants(api()), kept))[0]["state"] == "no grant"


async def test_a_grant_that_is_gone(clock):
    """What is kept of a grant that the tenant lists no more isn't called access."""
    assert (await view(clock, Tenants(api()), Kept(held(clock))))[0]["state"] == "no grant"


async def test_grant_expired(clock):
    """A grant past its end has expired, whether the tenant still lists it or not."""
    past = clock.now() - timedelta(seconds=1)
    assert (await view(clock, Tenants(api([grant_row(past)]))))[0]["state"] == "grant expired"
    kept = Kept(held(clock, grant_ends=past))
    assert (await view(clock, Tenants(api()), kept))[0]["state"] == "grant expired"


async def test_a_grant_that_is_not_listed_yet(clock):
    """A request of ours that was granted a minute ago counts, though no list shows it."""
    young, old = clock.now() - timedelta(minutes=1), clock.now() - timedelta(minutes=5)
    kept = Kept(held(clock), young)
    assert (await view(clock, Tenants(api()), kept))[0]["state"] == "ready"
    assert (await view(clock, Tenants(api()), Kept(None, young)))[0]["state"] == "granted"
    assert (await view(clock, Tenants(api()), Kept(None, old)))[0]["state"] == "no grant"


@pytest.mark.parametrize(
    ("step", "outcome", "state"),
    [
        ({"approval": {}}, Outcome.UNSPECIFIED, "awaiting approval"),
        ({"approval": {"approval": {"webhook": {}}}}, Outcome.UNSPECIFIED, "machine step"),
        ({"form": {}}, Outcome.UNSPECIFIED, "form required"),
        ({"provision": {}}, Outcome.UNSPECIFIED, "provisioning"),
        ({"provision": {}}, Outcome.ERROR, "awaiting repair"),
        ({"newKind": {}}, Outcome.UNSPECIFIED, "unknown step"),
        (None, Outcome.UNSPECIFIED, "machine step"),
    ],
)
async def test_an_open_request(clock, step, outcome, state):
    """It is in the phase that its story would be in, with its number, page and age."""
    tenants = Tenants(api(tasks=[task_row(step=step, outcome=outcome.value)]))
    found, _ = await view(clock, tenants)
    assert found["state"] == state
    assert found["task"] == "1234"
    assert found["task_url"] == "https://acme.conductor.one/task/1234"
    assert found["since"] == "2026-01-02T03:00:00Z"
    assert found.get("detail", "") == ("newKind" if state == "unknown step" else "")


async def test_an_extension(clock):
    """A request beside a grant is named, and the access is what it is."""
    rows = api([grant_row()], [task_row(step={"approval": {}})])
    found, _ = await view(clock, Tenants(rows), Kept(held(clock)))
    assert (found["state"], found["task"]) == ("ready", "1234")


async def test_unreachable(clock):
    """Where the tenant can't be asked the profile says so, and the error is told once for all of them."""
    error = Unreachable("can't reach ConductorOne", hint="check the network")
    survey = AccessSurvey(Tenants(api(), error), Kept(), clock)
    profiles = [PROFILE, replace(PROFILE, name="other")]
    found = await survey.views(profiles)
    assert [each["state"] for each in found.values()] == ["unreachable"] * 2
    assert found["other"]["error"]["message"] == "can't reach ConductorOne"
    assert survey.errors == [error]


async def test_unreachable_with_credentials(clock):
    """Credentials that are kept are served all the same."""
    tenants = Tenants(api(), Unreachable("can't reach ConductorOne"))
    found, survey = await view(clock, tenants, Kept(held(clock)))
    assert (found["state"], found["served"]) == ("ready", True)
    assert len(survey.errors) == 1


async def test_nobody_is_logged_in(clock):
    """A tenant that doesn't know us is an error like any other."""
    error = LoginRequired("client-id and client-secret must be set", hint="cone login <tenant>")
    found, survey = await view(clock, Tenants(api(), error))
    assert found["error"]["code"] == "LoginRequired"
    assert survey.errors == [error]


async def test_nothing_is_asked_for_nothing(clock):
    """Without profiles no tenant is asked."""
    tenants = Tenants(api(), Unreachable("never asked"))
    assert await AccessSurvey(tenants, Kept(), clock).views([]) == {}


async def test_two_tenants(clock):
    """Each is asked once for all of its profiles; one that fails says nothing of the other's."""
    acme = Tenants(api([grant_row()]))
    globex = Tenants(api(), Unreachable("no"))

    class Both:
        def tenant_named(self, name):
            return {"acme": acme, "globex": globex}[name].tenant_named(name)

    survey = AccessSurvey(Both(), Kept(), clock)
    profiles = [
        replace(PROFILE, name=f"{tenant}-{number}", tenant=tenant)
        for tenant in ("acme", "globex")
        for number in range(3)
    ]
    found = await survey.views(profiles)
    assert [each["state"] for each in found.values()] == ["granted"] * 3 + ["unreachable"] * 3
    assert len(acme.api.sent) == 2
    assert [error.message for error in survey.errors] == ["no"]
