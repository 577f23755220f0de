"""Each answer of the simulated tenant against ConductorOne's OpenAPI document."""

import pytest

from fakes.tenant_client import OPENAPI, tenant

POLICIES = {
    "webhook": {"approval"},
    "agent": {"approval"},
    "expression": {"approval"},
    "wait": {"wait"},
    "approval": {"approval"},
    "form": {"form"},
    "form_step": {"form"},
    "deny": {"reject"},
    "error": {"provision"},
    "timeout": {"wait"},
    "auto": {"provision"},
}
OUTCOMES = {"deny": "DENIED", "error": "ERROR", "timeout": "WAIT_TIMED_OUT"}
SCENARIO = """
tenant: acme
users: [{email: ada@example.com}, {email: grace@example.com}]
accounts: [{id: "100000000001", name: Production}]
permission_sets:
  - {account: Production, name: Held, granted_to: [ada@example.com], grant_ends: 8h, alias: held}
  - {account: Production, name: Escalated, policy: approval, emergency: true, max_duration: 4h}
"""
SETS = "".join(
    f"  - {{account: Production, name: {policy}, policy: {policy}}}\n" for policy in POLICIES
)


@pytest.fixture(name="scenario")
def _scenario():
    """Have one permission set of each policy."""
    return SCENARIO + SETS


async def read_everything(client):
    """Call each operation that only reads, and those of personal clients."""
    world, me = client.world, client.me
    app, held = f"/api/v1/apps/{world.app_id}", client.entitlement("Production", "Held")
    resource_type = f"{app}/resource_types/{world.resource_type_id}"
    await client.call("GET", "/api/v1/auth/introspect")
    await client.call("GET", f"/api/v1/users/{me.id}")
    await client.call("GET", app)
    await client.call("GET", resource_type)
    await client.call("GET", f"{resource_type}/resources/{held.account.resource_id}")
    await client.call("GET", f"{app}/users/{me.id}/app_users?page_size=10")
    await client.call("GET", f"{app}/entitlements/{held.id}")
    made = await client.call("POST", "/api/v1/iam/personal_clients", {"display_name": "Mine"})
    await client.call("GET", "/api/v1/iam/personal_clients")
    await client.call("DELETE", f"/api/v1/iam/personal_clients/{made['client']['id']}")
    form = client.entitlement("Production", "form")
    bound = await client.call(
        "PUT",
        "/api/v1/request_schema_entitlement_binding",
        {"entitlementRef": {"appId": world.app_id, "id": form.id}},
    )
    await client.call("GET", f"/api/v1/request_schemas/{bound['requestSchemaId']}")


async def act_on_tasks(client):
    """Call each operation that changes a task."""
    grace = client.world.user_by_email("grace@example.com")
    action = "/api/v1/tasks/{}/action/{}".format
    asked = await client.request("Production", "Escalated")
    await client.call("POST", action(asked["id"], "comment"), {"comment": "please"})
    await client.call("POST", action(asked["id"], "escalate"), {})
    denied = await client.request("Production", "approval")
    await client.call("POST", action(denied["id"], "deny"), {}, user=grace)
    approved = await client.look(await client.request("Production", "approval"))
    step = {"policyStepId": approved["policy"]["current"]["id"]}
    await client.call("POST", action(approved["id"], "approve"), step, user=grace)
    asks = await client.request("Production", "form_step")
    answers = {"data": {"ticket": "T-1"}}
    await client.call("POST", action(asks["id"], "update-request-data"), answers)
    await client.call("POST", action(asks["id"], "close"), {})
    held = client.grant_body("Production", "Held")
    await client.call("POST", "/api/v1/task/revoke", held)


async def test_each_operation_answers_as_the_document_says(scenario, tmp_path):
    """All operations of the document are there, and no answer breaks it or protojson's rules."""
    async with tenant(scenario, tmp_path) as client:
        await read_everything(client)
        mask = {"paths": ["*"]}
        searched = await client.call(
            "POST", "/api/v1/search/request_catalog/entitlements", {"expandMask": mask}
        )
        assert [item["@type"].rpartition(".")[2] for item in searched["expanded"]] == [
            "App",
            "AppResourceType",
            "AppResource",
        ]
        assert await client.has("Production", "Held")
        await act_on_tasks(client)
        await client.call("POST", "/api/v1/search/tasks", {})
        assert OPENAPI.operation_ids() - client.seen == set()


@pytest.mark.parametrize("policy", POLICIES)
async def test_a_task_is_valid_at_every_look(policy, scenario, tmp_path):
    """From its creation through each step of each policy to its end, the task fits the document."""
    async with tenant(scenario, tmp_path) as client:
        grace = client.world.user_by_email("grace@example.com")
        created = task = await client.request("Production", policy)
        kinds, steps = set(), set()
        assert task["policy"]["current"] is None
        for _ in range(4):
            task = await client.look(task)
            current = task["policy"]["current"]
            if current is None:
                break
            kinds |= set(current) - {"id", "policyGenerationId", "state"}
            steps.add(current["id"])
            action = f"/api/v1/tasks/{task['id']}/action"
            if task["form"]:
                body = {"data": {"ticket": "T-1"}}
                await client.call("POST", f"{action}/update-request-data", body)
            elif "TASK_ACTION_TYPE_APPROVE" in (await client.look(task, user=grace))["actions"]:
                body = {"policyStepId": current["id"]}
                await client.call("POST", f"{action}/approve", body, user=grace)
        assert kinds >= POLICIES[policy]
        assert task["state"] == "TASK_STATE_CLOSED"
        assert task["processing"] == "TASK_PROCESSING_TYPE_DONE"
        outcome = f"GRANT_OUTCOME_{OUTCOMES.get(policy, 'GRANTED')}"
        assert task["type"]["grant"]["outcome"] == outcome
        assert task["id"] == created["id"]
        assert steps <= {step["id"] for step in task["policy"]["history"]}
        assert await client.has("Production", policy) is (policy not in OUTCOMES)


async def test_what_the_tests_send_fits_the_document(scenario, tmp_path):
    """The request for access that is tested with is one that the document allows."""
    async with tenant(scenario, tmp_path) as client:
        operation = OPENAPI.operation("POST", "/api/v1/task/grant")
        body = client.grant_body("Production", "Held")
        assert OPENAPI.faults_of_request(operation, body) == []


def test_the_judge_sees_what_is_wrong():
    """An unknown key, a missing field, a null list, a number for an int64 and a bad time are told."""
    operation = OPENAPI.operation("GET", "/api/v1/iam/personal_clients")
    faults = "\n".join(OPENAPI.faults(operation, {"list": None, "surprise": 1}))
    assert "null instead of an empty list" in faults
    assert "surprise" in faults
    assert "nextPageToken" in faults
    task = OPENAPI.operation("GET", "/api/v1/tasks/1")
    wrong = {"taskView": {"task": {"numericId": 7, "createdAt": "yesterday"}}, "expanded": []}
    faults = "\n".join(OPENAPI.faults(task, wrong))
    assert "no int64 of protojson" in faults
    assert "no date-time of protojson" in faults
