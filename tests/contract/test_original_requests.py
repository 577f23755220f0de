"""What the original ``cone`` asks of a tenant, asked of the simulator over https (docs/simulator.md)."""

import shlex
import ssl
import subprocess
from pathlib import Path

import httpx
import pytest

from cone_sidecar.simulator.server import TlsFiles
from fakes.original_cone import OriginalCone, OriginalRefuses, documented
from fakes.running_simulator import running_simulator

PAGE = Path(__file__).parents[2] / "docs" / "simulator.md"
SCENARIO = """
tenant: acme
users: [{email: ada@example.com}, {email: grace@example.com}]
accounts: [{id: "100000000001", name: Production}, {id: "100000000002", name: Staging}]
permission_sets:
  - {account: Production, name: Admin, policy: auto, max_duration: 8h, alias: prod-admin}
  - {account: Staging, name: PowerUser, policy: approval, emergency: true, alias: staging-power}
  - {account: Staging, name: Held, granted_to: [ada@example.com], alias: held}
  - {account: Staging, name: Asking, policy: form}
"""
LIMIT_S = 20
SEARCH = "/api/v1/search/request_catalog/entitlements"
GRANT, REVOKE = "/api/v1/task/grant", "/api/v1/task/revoke"
BINDING = "/api/v1/request_schema_entitlement_binding"


@pytest.fixture(name="served", scope="module")
def _served(tmp_path_factory):
    """Serve over https, with the certificate that the page makes."""
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(shlex.split(documented(PAGE, "openssl req")), cwd=folder, check=True)
    scenario = folder / "scenario.yaml"
    scenario.write_text(SCENARIO)
    files = TlsFiles(folder / "cert.pem", folder / "key.pem")
    with running_simulator(scenario, tls=files) as (url, simulator):
        trust = ssl.create_default_context(cafile=folder / "cert.pem")
        with httpx.Client(base_url=url, verify=trust, timeout=LIMIT_S) as http:
            yield http, simulator.world


@pytest.fixture(name="world")
def _world(served):
    return served[1]


@pytest.fixture(name="person")
def _person(served):
    """Give somebody's cone, by their place in the scenario."""
    http, world = served
    users = list(world.users.values())

    def of(index=0):
        user = users[index]
        return OriginalCone(http, user.client_id, user.client_secret.reveal())

    return of


def ids(world, name):
    """Return the app's id, and that of an entitlement."""
    found = next(each for each in world.entitlements.values() if each.role_name == name)
    return world.app_id, found.id


def me(cone):
    """Return the id of the person."""
    return cone.call("GET", "/api/v1/auth/introspect")["userId"]


def has_grant(cone, app, entitlement):
    """Tell whether there is access, as ``cone aws credentials`` and ``has`` judge it."""
    path = f"/api/v1/apps/{app}/entitlements/{entitlement}/users/{me(cone)}/grants"
    return any(
        row["createdAt"] is not None and row["deletedAt"] is None
        for row in cone.call("GET", path)["bindings"]
    )


def test_login(served, world):
    """Pending, confirmed, a personal client whose id leads back to this very host."""
    cone = OriginalCone(served[0])
    started = cone.start_login()
    assert cone.poll(started["device_code"]) == ""
    world.device_authorizations.confirm(started["user_code"], world.first_user.id)
    world.clock.advance(started["interval"])
    client_id = cone.make_client(cone.poll(started["device_code"]))
    assert client_id.partition("@")[2] == f"{cone.host}/pcc"
    user_id = me(cone)
    assert cone.call("GET", f"/api/v1/users/{user_id}")["userView"]["user"]["email"]


def test_setup_and_search(person):
    """Each path of a row points at one of the three objects that it knows; the limit is a oneof."""
    body = (
        '{"expandMask":{"paths":["app_id","app_resource_type_id","app_resource_id"]},'
        '"grantedStatus":"ALL","includeDeleted":false,"pageSize":100}'
    )
    cone = person()
    rows = {
        row["alias"]: (row, bound, seen)
        for row, bound, seen in cone.rows(cone.call("POST", SEARCH, body))
    }
    row, bound, seen = rows["prod-admin"]
    assert seen == {"App": "AWS", "AppResourceType": "Account", "AppResource": "Production"}
    assert (bound, row["durationGrant"], row["deletedAt"]) == ([], "28800s", None)
    (external,) = row["sourceConnectorIds"].values()
    assert external.split("|")[0] == "100000000001"
    row, bound, _ = rows["held"]
    assert ("durationGrant" in row, row["durationUnset"], len(bound)) == (False, {}, 1)


def test_credentials_without_a_grant(person, world):
    """No form is a 404; the request as it is sent, its duplicate by the first brace, polls to the end."""
    cone, (app, entitlement) = person(), ids(world, "Admin")
    assert not has_grant(cone, app, entitlement)
    reference = f'{{"entitlementRef":{{"appId":"{app}","id":"{entitlement}"}}}}'
    with pytest.raises(OriginalRefuses, match="Status 404"):
        cone.call("PUT", BINDING, reference)
    view = cone.call("GET", f"/api/v1/apps/{app}/entitlements/{entitlement}")
    duration = view["appEntitlementView"]["appEntitlement"]["durationGrant"]
    body = (
        f'{{"appEntitlementId":"{entitlement}","appId":"{app}","appUserId":"",'
        '"description":"Auto-requested via cone aws credentials","emergencyAccess":false,'
        f'"grantDuration":"{duration}","identityUserId":"{me(cone)}"}}'
    )
    task = cone.task(cone.call("POST", GRANT, body))
    with pytest.raises(OriginalRefuses, match="Status 409") as refused:
        cone.call("POST", GRANT, body)
    assert cone.duplicate(refused.value) == task["id"]
    looks = [cone.task(cone.call("GET", f"/api/v1/tasks/{task['id']}")) for _ in range(2)]
    assert [look["state"] for look in looks] == ["TASK_STATE_OPEN", "TASK_STATE_CLOSED"]
    assert looks[-1]["type"]["grant"]["outcome"] == "GRANT_OUTCOME_GRANTED"
    assert has_grant(cone, app, entitlement)


def test_a_form(person, world):
    """One that is bound is a 200 with its id."""
    app, entitlement = ids(world, "Asking")
    body = f'{{"entitlementRef":{{"appId":"{app}","id":"{entitlement}"}}}}'
    assert person().call("PUT", BINDING, body)["requestSchemaId"]


def test_get_approve_and_drop(person, world):
    """By alias without expansions, for the one account; approved by its step; given back."""
    cone, approver = person(), person(1)
    found = cone.call(
        "POST",
        SEARCH,
        '{"entitlementAlias":"staging-power","expandMask":{},"grantedStatus":"ALL","pageSize":100}',
        source="cone:get",
    )
    ((entitlement, _, seen),) = cone.rows(found)
    app, user = entitlement["appId"], me(cone)
    assert seen == {}
    (account,) = cone.call("GET", f"/api/v1/apps/{app}/users/{user}/app_users")["list"]
    body = (
        f'{{"appEntitlementId":"{entitlement["id"]}","appId":"{app}",'
        f'"appUserId":"{account["appUser"]["id"]}","description":"why","emergencyAccess":false,'
        f'"grantDuration":"3600s","identityUserId":"{user}"}}'
    )
    number = cone.task(cone.call("POST", GRANT, body, source="cone:get"))["numericId"]
    seen_by_approver = approver.task(approver.call("GET", f"/api/v1/tasks/{number}"))
    step = seen_by_approver["policy"]["current"]
    assert step["approval"]
    action = f"/api/v1/tasks/{number}/action"
    approver.call("POST", f"{action}/comment", '{"comment":"fine"}')
    decision = f'{{"comment":"","policyStepId":"{step["id"]}"}}'
    approver.task(approver.call("POST", f"{action}/approve", decision))
    closed = '{"taskStates":["TASK_STATE_CLOSED"],"taskTypes":[{"grant":{}}]}'
    numbers = [
        cone.task({"taskView": row})["numericId"]
        for row in cone.call("POST", "/api/v1/search/tasks", closed)["list"]
    ]
    assert number in numbers
    assert has_grant(cone, app, entitlement["id"])
    drop = (
        f'{{"appEntitlementId":"{entitlement["id"]}","appId":"{app}","description":"",'
        f'"identityUserId":"{user}"}}'
    )
    revoked = cone.task(cone.call("POST", REVOKE, drop, source="cone:drop"))
    cone.call("GET", f"/api/v1/tasks/{revoked['id']}")
    assert not has_grant(cone, app, entitlement["id"])


def test_escalate(person, world):
    """An empty object is all that is sent."""
    cone, (app, entitlement) = person(), ids(world, "PowerUser")
    body = f'{{"appEntitlementId":"{entitlement}","appId":"{app}","identityUserId":"{me(cone)}"}}'
    number = cone.task(cone.call("POST", GRANT, body))["numericId"]
    path = f"/api/v1/tasks/{number}/action/escalate"
    assert cone.task(cone.call("POST", path, "{}", source="cone:task:escalate"))


def test_administrators_commands(person, world):
    """``list apps`` and the first look of ``generate-alias``: the apps, and who has accounts there."""
    cone = person()
    (app,) = cone.call("GET", "/api/v1/apps", source="cone:list")["list"]
    users = cone.call("GET", f"/api/v1/apps/{app['id']}/app_users")["list"]
    assert me(cone) in [view["appUser"]["identityUserId"] for view in users]
