"""How requests go on in the simulated tenant: policies, lags, and who may decide."""

import pytest

from fakes.simulated_requests import (
    QUICK,
    SCENARIO,
    act,
    grace_of,
    may_assume,
    outcome,
    step_of,
)
from fakes.tenant_client import tenant


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
    assert binding["appUserId"] == client.me.app_user_ids[0]


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
