"""Requests to the simulated tenant: what it takes, and what it refuses."""

import pytest

from fakes.simulated_requests import (
    GRANT,
    QUICK,
    act,
    grace_of,
    outcome,
)
from fakes.tenant_client import tenant


@pytest.fixture(name="client")
async def _client(tmp_path):
    """Give a tenant without lags."""
    async with tenant(QUICK, tmp_path) as client:
        yield client


@pytest.mark.parametrize("role", ["Auto", "Standing"])
@pytest.mark.parametrize(
    "duration", ["1h", " ", "-5s", "0s", 3600, "9999999999999999999999s", "315576000001s"]
)
async def test_a_duration_that_is_none_is_refused(client, role, duration):
    """Only positive seconds with an s are a duration; nothing else makes a task, or a fault."""
    body = client.grant_body("Production", role) | {"grantDuration": duration}
    status, refusal = await client.refused("POST", GRANT, body)
    assert (status, refusal["code"]) == (400, 3)
    assert client.world.tasks == {}


async def test_the_longest_duration_of_protojson_does_not_break_a_grant(client):
    """Ten thousand years are more than a calendar holds: refused, or granted for good."""
    body = client.grant_body("Production", "Standing") | {"grantDuration": "315576000000s"}
    answer = await client.send("POST", GRANT, body)
    assert answer.status_code in {200, 400}
    if answer.status_code == 200:
        task = answer.json()["taskView"]["task"]
        for _ in range(2):
            task = await client.look(task)
        assert outcome(task) == "GRANTED"


async def test_a_duration_beyond_the_maximum_is_refused(client):
    """The text is the one that clients know."""
    body = client.grant_body("Production", "Auto") | {"grantDuration": "7201s"}
    status, refusal = await client.refused("POST", GRANT, body)
    assert status == 400
    assert "grant duration must be less than or equal to max provision time" in refusal["message"]


async def test_a_duplicate_names_the_open_task(client):
    """A second request for the same is a conflict, until the first one is closed."""
    task = await client.request("Production", "Human")
    body = client.grant_body("Production", "Human")
    status, refusal = await client.refused("POST", GRANT, body)
    assert (status, refusal["code"]) == (409, 6)
    assert refusal["message"] == "duplicate ticket found"
    assert refusal["details"] == [
        {"@type": "type.googleapis.com/c1.api.task.v1.TaskRef", "id": task["id"]}
    ]
    other = client.grant_body("Production", "Human", user=grace_of(client))
    await client.call("POST", GRANT, other, user=grace_of(client))
    await act(client, task, "close", {})
    assert (await client.request("Production", "Human"))["id"] != task["id"]


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"appId": "x"}, 400, 3),
        ({"appEntitlementId": ""}, 400, 3),
        ({"appEntitlementId": None}, 400, 3),
        ({"identityUserId": "not an id"}, 400, 3),
        ({"identityUserId": "0" * 27}, 404, 5),
        ({"appEntitlementId": "0" * 27}, 404, 5),
        ({"appId": "0" * 27}, 404, 5),
        ({"identityUserId": ""}, 500, 2),
        ({"identityUserId": None}, 500, 2),
    ],
)
async def test_a_request_that_names_nothing_is_refused(client, change, status, code):
    """Malformed ids are 400, unknown ones 404, and no person at all is the tenant's own 500."""
    body = client.grant_body("Production", "Auto") | change
    got, refusal = await client.refused("POST", GRANT, body)
    assert (got, refusal["code"]) == (status, code)


async def test_all_three_ways_to_name_the_person_are_taken(client):
    """The identity alone, with an empty account, and with the account that is its own."""
    for change in ({}, {"appUserId": ""}, {"appUserId": client.me.app_user_ids[0]}):
        task = await client.request("Production", "Human", **change)
        assert task["type"]["grant"]["identityUserId"] == client.me.id
        await act(client, task, "close", {})


async def test_requests_may_be_in_snake_case(client):
    """The gateway takes the proto's names as well, at every depth."""
    body = {
        "app_id": client.world.app_id,
        "app_entitlement_id": client.entitlement("Production", "Form").id,
        "identity_user_id": client.me.id,
        "request_data": {"some_field": "kept"},
    }
    task = (await client.call("POST", GRANT, body))["taskView"]["task"]
    assert task["data"] == {"some_field": "kept"}
    ref = {"app_id": body["app_id"], "id": body["app_entitlement_id"]}
    found = await client.call(
        "PUT", "/api/v1/request_schema_entitlement_binding", {"entitlement_ref": ref}
    )
    assert found["requestSchemaId"]


async def test_what_is_not_requestable_is_refused(client):
    """The refusal is 403, with the text that clients know."""
    body = client.grant_body("Production", "Hidden")
    status, refusal = await client.refused("POST", GRANT, body)
    assert (status, refusal["code"]) == (403, 7)
    assert refusal["message"] == "target user is not allowed to request that resource"


async def test_a_bound_form_asks_first_unless_it_was_answered(client):
    """Without its answers the task waits for them; with them it goes on."""
    asked = await client.look(await client.request("Production", "Form"))
    assert asked["form"]["fields"][0]["name"] == "ticket"
    assert "form" in asked["policy"]["current"]
    answers = {"data": {"ticket": "T-1"}}
    await act(client, asked, "update-request-data", answers)
    done = await client.look(await client.look(asked))
    assert (outcome(done), done["data"]) == ("GRANTED", {"ticket": "T-1"})
    other = grace_of(client)
    task = await client.request("Production", "Form", user=other, requestData={"ticket": "T-2"})
    current = (await client.look(task, user=other))["policy"]["current"]
    assert "form" not in current
    assert outcome(await client.look(task, user=other)) == "GRANTED"


async def test_the_form_of_an_entitlement_is_found_or_is_not(client):
    """Bound: its id; not bound: 404, which means that there is none."""
    path = "/api/v1/request_schema_entitlement_binding"

    def ref(role):
        entitlement = client.entitlement("Production", role)
        return {"entitlementRef": {"appId": client.world.app_id, "id": entitlement.id}}

    bound = await client.call("PUT", path, ref("Form"))
    schema = await client.call("GET", f"/api/v1/request_schemas/{bound['requestSchemaId']}")
    assert schema["requestSchema"]["form"]["fields"][0]["required"]
    status, refusal = await client.refused("PUT", path, ref("Auto"))
    assert (status, refusal["code"]) == (404, 5)


@pytest.mark.parametrize("body", [b"{", b"[]", b'"x"', b"\xff"])
async def test_a_body_that_is_no_object_is_refused(client, body):
    """It is a refusal, and not a fault."""
    answer = await client.http.post(
        GRANT,
        content=body,
        headers={"Authorization": f"Bearer {await client.bearer(client.me)}"},
    )
    assert answer.status_code in {400, 500}
    assert set(answer.json()) == {"code", "message", "details"}
    assert "internal error" not in answer.json()["message"]
