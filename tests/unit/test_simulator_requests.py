"""Requests for access in the simulated tenant: their policies, lags, limits, and who may decide."""

import pytest

from fakes.tenant_client import tenant

SCENARIO = """
tenant: acme
users: [{email: ada@example.com}, {email: grace@example.com}]
accounts: [{id: "100000000001", name: Production}]
permission_sets:
  - {account: Production, name: Auto, max_duration: 2h}
  - {account: Production, name: Standing}
  - {account: Production, name: Human, policy: approval, max_duration: 4h}
  - {account: Production, name: Both, policy: [machine, approval]}
  - {account: Production, name: Form, policy: form}
  - {account: Production, name: Urgent, policy: approval, emergency: true}
  - {account: Production, name: Hidden, requestable: false}
  - {account: Production, name: Held, granted_to: [ada@example.com], grant_ends: 8h}
lags: {policy_step: 3s, provisioning: 5s, grant_visibility: 60s, propagation: 30s}
"""
QUICK = SCENARIO.partition("lags:")[0]
ACCOUNT = "100000000001"
GRANT = "/api/v1/task/grant"


@pytest.fixture(name="client")
async def _client(tmp_path):
    """Give a tenant without lags."""
    async with tenant(QUICK, tmp_path) as client:
        yield client


@pytest.fixture(name="slow")
async def _slow(tmp_path):
    """Give a tenant with lags."""
    async with tenant(SCENARIO, tmp_path) as client:
        yield client


def outcome(task):
    """Return how a request for access stands."""
    return task["type"]["grant"]["outcome"].removeprefix("GRANT_OUTCOME_")


def may_assume(client, role):
    """Tell whether AWS lets the first user have the role."""
    return client.world.may_assume(client.me.id, ACCOUNT, role)


async def act(client, task, verb, body=None, *, user=None):
    """Act on a task."""
    return await client.call("POST", f"/api/v1/tasks/{task['id']}/action/{verb}", body, user=user)


async def step_of(client, task):
    """Return the body that decides the step on which a task is."""
    return {"policyStepId": (await client.look(task))["policy"]["current"]["id"]}


def grace_of(client):
    """Return the second user."""
    return client.world.user_by_email("grace@example.com")


async def test_an_automatic_policy_is_decided_at_the_second_look(client):
    """The creation and the first look show an open task, the second one the grant."""
    task = await client.request("Production", "Auto")
    assert (task["state"], task["policy"]["current"]) == ("TASK_STATE_OPEN", None)
    first = await client.look(task)
    assert (first["state"], outcome(first)) == ("TASK_STATE_OPEN", "UNSPECIFIED")
    assert not await client.has("Production", "Auto")
    second = await client.look(task)
    assert (second["state"], outcome(second)) == ("TASK_STATE_CLOSED", "GRANTED")
    assert await client.has("Production", "Auto")
    assert may_assume(client, "Auto")


async def test_each_lag_delays_its_part(slow):
    """Provisioning, then AWS, then ConductorOne's lists, each after its own time."""
    task = await slow.request("Production", "Auto")
    for _ in range(3):
        task = await slow.look(task)
    assert "provision" in task["policy"]["current"]
    slow.advance(5)
    assert outcome(await slow.look(task)) == "GRANTED"
    assert not may_assume(slow, "Auto")
    slow.advance(30)
    assert may_assume(slow, "Auto")
    assert not await slow.has("Production", "Auto")
    slow.advance(30)
    assert await slow.has("Production", "Auto")


async def test_a_permission_set_may_have_lags_of_its_own(tmp_path):
    """They hold for it alone, and what it doesn't say is as everywhere."""
    own = "  - {account: Production, name: Swift, lags: {provisioning: 0s, propagation: 90s}}\n"
    async with tenant(QUICK + own + SCENARIO[len(QUICK) :], tmp_path) as client:
        task = await client.request("Production", "Swift")
        for _ in range(2):
            task = await client.look(task)
        assert outcome(task) == "GRANTED"
        client.advance(60)
        assert await client.has("Production", "Swift")
        assert not may_assume(client, "Swift")
        client.advance(30)
        assert may_assume(client, "Swift")
        other = await client.request("Production", "Auto")
        for _ in range(3):
            other = await client.look(other)
        assert other["state"] == "TASK_STATE_OPEN"


async def test_time_passes_for_a_request_that_nobody_looks_at(slow):
    """Once it is decided, provisioning goes on by time alone, in ConductorOne and at AWS."""
    task = await slow.request("Production", "Human")
    slow.world.decide_task(task["numericId"], "approve")
    slow.advance(4)
    assert not may_assume(slow, "Human")
    slow.advance(32)
    assert may_assume(slow, "Human")
    slow.advance(30)
    assert await slow.has("Production", "Human")


async def test_an_approved_request_is_granted_without_another_look(client):
    """Who comes back after the approval finds the access there, and no duplicate."""
    task = await client.request("Production", "Human")
    client.world.decide_task(task["numericId"], "approve")
    assert await client.has("Production", "Human")
    assert may_assume(client, "Human")


async def test_a_machine_s_step_and_a_person_s_follow_one_another(slow):
    """The webhook takes its time; then the task waits for a person, however long."""
    task = await slow.request("Production", "Both")
    for _ in range(2):
        task = await slow.look(task)
    assert "webhook" in task["policy"]["current"]["approval"]["approval"]
    assert task["processing"] == "TASK_PROCESSING_TYPE_PROCESSING"
    slow.advance(3)
    task = await slow.look(task)
    assert "users" in task["policy"]["current"]["approval"]["approval"]
    assert task["processing"] == "TASK_PROCESSING_TYPE_WAITING"
    slow.advance(86_400)
    assert (await slow.look(task))["state"] == "TASK_STATE_OPEN"


async def test_a_grant_ends_when_it_says(client):
    """The shorter duration that was asked for is its life; afterwards the account alone is listed."""
    task = await client.request("Production", "Auto", grantDuration="600s")
    for _ in range(2):
        task = await client.look(task)
    assert task["type"]["grant"]["grantDuration"] == "600s"
    binding = await client.binding("Production", "Auto")
    assert binding["deprovisionAt"] > binding["createdAt"]
    client.advance(601)
    assert not may_assume(client, "Auto")
    binding = await client.binding("Production", "Auto")
    assert (binding["appEntitlementId"], binding["createdAt"]) == ("", None)
    assert binding["appUserId"] == client.me.app_user_id


async def test_without_a_duration_a_grant_lasts_as_long_as_it_may(client):
    """A limited entitlement ends by its maximum; an unlimited one stands."""
    for role in ("Auto", "Standing"):
        task = await client.request("Production", role)
        for _ in range(2):
            await client.look(task)
    assert (await client.binding("Production", "Standing"))["deprovisionAt"] is None
    client.advance(7201)
    assert not await client.has("Production", "Auto")
    assert await client.has("Production", "Standing")


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
    for change in ({}, {"appUserId": ""}, {"appUserId": client.me.app_user_id}):
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


async def test_an_approval_is_another_person_s_and_of_the_step_that_is_due(client):
    """Neither the requester, nor without the step, nor on another step; the answer is of before."""
    task = await client.request("Production", "Human")
    step, path = await step_of(client, task), f"/api/v1/tasks/{task['id']}/action/approve"
    grace = grace_of(client)
    assert (await client.refused("POST", path, step))[0] == 403
    assert (await client.refused("POST", path, {}, user=grace))[0] == 400
    wrong = {"policyStepId": "0" * 27}
    status, refusal = await client.refused("POST", path, wrong, user=grace)
    assert status == 400
    assert "the request has advanced to a new approval step" in refusal["message"]
    before = await client.call("POST", path, step | {"comment": "fine"}, user=grace)
    assert before["taskView"]["task"]["state"] == "TASK_STATE_OPEN"
    after = await client.look(task)
    assert outcome(after) == "GRANTED"
    assert after["commentCount"] == 1
    history = after["policy"]["history"][0]["approval"]
    assert history["approved"]["userId"] == grace.id
    status, refusal = await client.refused("POST", path, step, user=grace)
    assert (status, refusal["message"]) == (400, "task is closed")


async def test_denial_and_cancellation_end_a_request(client):
    """Each has its outcome, and no access follows."""
    denied = await client.request("Production", "Human")
    await act(client, denied, "deny", {"comment": "no"}, user=grace_of(client))
    assert outcome(await client.look(denied)) == "DENIED"
    closed = await client.request("Production", "Human")
    await act(client, closed, "close", {})
    assert outcome(await client.look(closed)) == "CANCELLED"
    assert not await client.has("Production", "Human")


async def test_the_actions_that_are_offered_are_the_ones_that_work(client):
    """An approver sees approve and deny, the requester neither; nobody has any at the end."""
    task = await client.request("Production", "Human")
    mine = set((await client.look(task))["actions"])
    theirs = set((await client.look(task, user=grace_of(client)))["actions"])
    assert {"TASK_ACTION_TYPE_APPROVE", "TASK_ACTION_TYPE_DENY"} <= theirs
    assert "TASK_ACTION_TYPE_APPROVE" not in mine
    assert {"TASK_ACTION_TYPE_CLOSE", "TASK_ACTION_TYPE_COMMENT"} <= mine
    await act(client, task, "close", {})
    assert (await client.look(task))["actions"] == []


async def test_an_emergency_needs_nobody(client):
    """Asked for as one, or escalated, an urgent request is granted; others can't be escalated."""
    task = await client.request("Production", "Urgent", emergencyAccess=True)
    assert task["emergencyAccess"]
    for _ in range(2):
        task = await client.look(task)
    assert outcome(task) == "GRANTED"
    other = grace_of(client)
    task = await client.request("Production", "Urgent", user=other)
    await act(client, task, "escalate", {}, user=other)
    assert outcome(await client.look(await client.look(task, user=other), user=other)) == "GRANTED"
    plain = await client.request("Production", "Human")
    path = f"/api/v1/tasks/{plain['id']}/action/escalate"
    status, refusal = await client.refused("POST", path, {})
    assert (status, refusal["message"]) == (403, "action not permitted")


async def test_a_revocation_ends_the_grant(client):
    """Whether or not somebody looks at its task, the access is gone."""
    assert await client.has("Production", "Held")
    body = client.grant_body("Production", "Held")
    task = (await client.call("POST", "/api/v1/task/revoke", body))["taskView"]["task"]
    assert task["type"]["revoke"]["outcome"] == "REVOKE_OUTCOME_UNSPECIFIED"
    assert not await client.has("Production", "Held")
    assert not may_assume(client, "Held")
    looked = await client.look(task)
    assert looked["type"]["revoke"]["outcome"] == "REVOKE_OUTCOME_REVOKED"


async def test_a_task_has_an_id_and_a_number(client):
    """Both find it; unknown ones are 404, and what is neither is 400."""
    task = await client.request("Production", "Human")
    number = task["numericId"]
    found = await client.call("GET", f"/api/v1/tasks/{number}")
    assert found["taskView"]["task"]["id"] == task["id"]
    for unknown in ("99999", "0" * 26 + "a"):
        status, refusal = await client.refused("GET", f"/api/v1/tasks/{unknown}")
        assert (status, refusal["message"]) == (404, "not found")
    status, refusal = await client.refused("GET", "/api/v1/tasks/no-id")
    assert (status, refusal["code"]) == (400, 3)
    assert "^[a-zA-Z0-9]{27}$" in refusal["message"]


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
