"""Requests for access in a simulated tenant: made, looked at and decided."""

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
