"""Searches of the simulated tenant: what they find, and how it is cut into pages."""

import pytest

from fakes.tenant_client import tenant

SEARCH = "/api/v1/search/request_catalog/entitlements"
TASKS = "/api/v1/search/tasks"
GRANTS = "/api/v1/search/grants"
SCENARIO = """
tenant: acme
users: [{email: ada@example.com}, {email: grace@example.com}]
accounts:
  - {id: "100000000001", name: Production}
  - {id: "100000000002", name: Staging}
permission_sets:
  - {account: Production, name: Admin, granted_to: [ada@example.com], alias: prod-admin}
  - {account: Production, name: ReadOnly, policy: approval}
  - {account: Staging, name: Admin, granted_to: [grace@example.com]}
  - {account: Staging, name: Hidden, requestable: false, granted_to: [ada@example.com]}
"""
BULK = "tenant: acme\nbulk: {accounts: 3, permission_sets: 50}\n"


@pytest.fixture(name="client")
async def _client(tmp_path):
    """Give the tenant above."""
    async with tenant(SCENARIO, tmp_path) as client:
        yield client


@pytest.fixture(name="big")
async def _big(tmp_path):
    """Give a tenant with 150 entitlements."""
    async with tenant(BULK, tmp_path) as client:
        yield client


async def found(client, **filters):
    """Search the catalogue; returns account and role of each row."""
    resources = {account.resource_id: account.name for account in client.world.accounts.values()}
    answer = await client.call("POST", SEARCH, filters)
    rows = [row["entitlement"]["appEntitlement"] for row in answer["list"]]
    return {(resources[row["appResourceId"]], row["displayName"].split()[0]) for row in rows}


ALL = {("Production", "Admin"), ("Production", "ReadOnly"), ("Staging", "Admin")}


@pytest.mark.parametrize(
    ("filters", "wanted"),
    [
        ({}, ALL),
        ({"grantedStatus": "ALL"}, ALL),
        ({"grantedStatus": "UNSPECIFIED"}, ALL),
        ({"grantedStatus": "GRANTED"}, {("Production", "Admin")}),
        ({"grantedStatus": "NOT_GRANTED"}, ALL - {("Production", "Admin")}),
        ({"granted_status": "GRANTED"}, {("Production", "Admin")}),
        ({"entitlementAlias": "prod-admin"}, {("Production", "Admin")}),
        ({"entitlementAlias": "prod"}, set()),
        ({"appDisplayName": "AWS"}, ALL),
        ({"appDisplayName": "aws"}, set()),
        ({"query": "readonly"}, {("Production", "ReadOnly")}),
        ({"query": "admin production"}, {("Production", "Admin")}),
        ({"query": "nothing"}, set()),
    ],
)
async def test_the_catalogue_is_filtered(client, filters, wanted):
    """By grant, alias, app and text; what may not be requested is in no answer."""
    assert await found(client, **filters) == wanted


async def test_each_row_has_its_connector_and_its_bindings(client):
    """The external id is account and permission set; the caller's own grant is beside it."""
    answer = await client.call("POST", SEARCH, {"entitlementAlias": "prod-admin"})
    (row,) = answer["list"]
    entitlement = row["entitlement"]["appEntitlement"]
    (external_id,) = entitlement["sourceConnectorIds"].values()
    assert external_id.startswith("100000000001|arn:aws:sso:::permissionSet/ssoins-")
    (binding,) = row["appEntitlementUserBindings"]
    assert binding["appEntitlementId"] == entitlement["id"]
    assert entitlement["durationUnset"] == {}
    assert entitlement["slug"] == "Admin access"


@pytest.mark.parametrize("paths", [["*"], ["app_id", "app_resource_type_id", "app_resource_id"]])
async def test_related_objects_are_expanded_once(client, paths):
    """Each path points at its object; one app, one type, one resource for each account."""
    answer = await client.call("POST", SEARCH, {"expandMask": {"paths": paths}})
    kinds = [item["@type"].rpartition(".")[2] for item in answer["expanded"]]
    assert sorted(kinds) == ["App", "AppResource", "AppResource", "AppResourceType"]
    for row in answer["list"]:
        view = row["entitlement"]
        for path, key in (("appPath", "appId"), ("appResourcePath", "appResourceId")):
            index = int(view[path].removeprefix("$.expanded[").removesuffix("]"))
            assert answer["expanded"][index]["id"] == view["appEntitlement"][key]


async def test_nothing_is_expanded_that_was_not_asked_for(client):
    """Without a mask the paths are empty, and so is the list."""
    answer = await client.call("POST", SEARCH, {"expandMask": {"paths": ["app_id"]}})
    assert len(answer["expanded"]) == 1
    assert answer["list"][0]["entitlement"]["appResourcePath"] == ""
    bare = await client.call("POST", SEARCH, {"expandMask": {}})
    assert bare["expanded"] == []
    assert bare["list"][0]["entitlement"]["appPath"] == ""


async def pages(client, path, size=None):
    """Follow the page tokens to the end."""
    found, token = [], ""
    while True:
        body = {"pageToken": token} | ({} if size is None else {"pageSize": size})
        answer = await client.call("POST", path, body)
        found.append(answer["list"])
        token = answer["nextPageToken"]
        if not token:
            return found
        assert len(found) < 100


@pytest.mark.parametrize("size", [None, 0, 1, 5, 10, 25, 99, 100, 101, 10_000])
async def test_pages_hold_everything_once(big, size):
    """Whatever size is asked for, no row is lost or repeated, and no page is larger than 100."""
    cut = await pages(big, SEARCH, size)
    ids = [row["entitlement"]["appEntitlement"]["id"] for page in cut for row in page]
    assert len(ids) == len(set(ids)) == 150
    assert all(0 < len(page) <= 100 for page in cut)


async def test_a_page_may_hold_more_than_was_asked_for(big):
    """Ten asked, twenty-three given, as it was seen of the real one."""
    assert len((await pages(big, SEARCH, 10))[0]) == 23
    assert len((await pages(big, SEARCH, 100))[0]) == 100


@pytest.mark.parametrize(
    "wrong",
    [
        {"pageToken": "nonsense"},
        {"pageToken": "€"},
        {"pageSize": -1},
        {"pageSize": "many"},
        {"grantedStatus": "MAYBE"},
    ],
)
async def test_a_search_that_makes_no_sense_is_refused(client, wrong):
    """A page token, a size and an enum that are none get 400."""
    status, refusal = await client.refused("POST", SEARCH, wrong)
    assert (status, refusal["code"]) == (400, 3)


async def tasks(client, *, user=None, **filters):
    """Search tasks; returns their ids in order."""
    answer = await client.call("POST", TASKS, filters, user=user)
    return [view["task"]["id"] for view in answer["list"]]


async def test_my_open_request_is_found(client):
    """The search that clients use finds the open task, and no longer once it is closed."""
    task = await client.request("Production", "ReadOnly")
    mine = {
        "openerOrSubjectUserId": client.me.id,
        "applicationIds": [client.world.app_id],
        "appEntitlementIds": [task["type"]["grant"]["appEntitlementId"]],
        "taskStates": ["TASK_STATE_OPEN"],
        "taskTypes": [{"grant": {}}],
        "pageSize": 10,
    }
    assert await tasks(client, **mine) == [task["id"]]
    assert await tasks(client, **mine | {"taskTypes": [{"revoke": {}}]}) == []
    assert await tasks(client, **mine | {"appEntitlementIds": ["0" * 27]}) == []
    await client.call("POST", f"/api/v1/tasks/{task['id']}/action/close", {})
    assert await tasks(client, **mine) == []
    assert await tasks(client, **mine | {"taskStates": ["TASK_STATE_CLOSED"]}) == [task["id"]]


async def test_tasks_are_found_by_what_they_wait_for(client):
    """An approver finds what waits for a decision, the requester what was asked."""
    grace = client.world.user_by_email("grace@example.com")
    task = await client.look(await client.request("Production", "ReadOnly"))
    assert await tasks(client, user=grace, myWorkUserIds=[grace.id]) == [task["id"]]
    assert await tasks(client, user=grace, assigneesInIds=[client.me.id]) == []
    assert await tasks(client, openerIds=[client.me.id]) == [task["id"]]
    assert await tasks(client, subjectIds=[grace.id]) == []
    assert await tasks(client, refs=[{"id": task["id"]}]) == [task["id"]]
    assert await tasks(client, excludeIds=[task["id"]]) == []
    assert await tasks(client, query="readonly") == [task["id"]]
    assert await tasks(client, query="nothing") == []
    assert await tasks(client, currentStep="TASK_SEARCH_CURRENT_STEP_APPROVAL") == [task["id"]]
    assert await tasks(client, currentStep="TASK_SEARCH_CURRENT_STEP_PROVISION") == []
    assert await tasks(client, emergencyStatus="EMERGENCY") == []


async def test_a_null_member_of_a_type_is_not_set(client):
    """A client that writes all members of the oneof means the one that it filled in."""
    task = await client.request("Staging", "Admin")
    assert await tasks(client, taskTypes=[{"grant": {}, "revoke": None}]) == [task["id"]]
    assert await tasks(client, taskTypes=[{"revoke": {}, "grant": None}]) == []


async def test_where_nobody_is_asked_nobody_is_named(client):
    """Without an approval among its steps a task has no approvers, and is assigned to nobody."""
    grace = client.world.user_by_email("grace@example.com")
    asked = await client.look(await client.request("Production", "ReadOnly"))
    unasked = await client.look(await client.request("Staging", "Admin"))
    assert (asked["approverIds"], unasked["approverIds"]) == ([grace.id], [])
    assert await tasks(client, assigneesInIds=[grace.id]) == [asked["id"]]


async def test_a_search_is_no_look(client):
    """An automatic policy isn't decided because somebody searched."""
    task = await client.request("Staging", "Admin")
    for _ in range(3):
        assert await tasks(client, taskStates=["TASK_STATE_OPEN"]) == [task["id"]]
    assert not await client.has("Staging", "Admin")


async def grants(client, **filters):
    """Search grants; returns the role of each."""
    answer = await client.call("POST", GRANTS, filters)
    assert answer["nextPageToken"] == ""
    rows = answer["list"]
    assert all(row["appEntitlementUserBinding"]["appUser"]["appUser"]["id"] for row in rows)
    return {row["entitlement"]["appEntitlement"]["displayName"].split()[0] for row in rows}


async def test_all_grants_of_a_person_are_found_at_once(client):
    """Also those that can't be requested; by entitlement and app as well."""
    me, app = client.me.id, client.world.app_id
    admin = client.entitlement("Production", "Admin")
    assert await grants(client, userId=me) == {"Admin", "Hidden"}
    ref = {"appId": app, "id": admin.id}
    assert await grants(client, userId=me, entitlementRefs=[ref]) == {"Admin"}
    assert await grants(client, userId=me, appIds=[app]) == {"Admin", "Hidden"}
    assert await grants(client, userId=me, appIds=["0" * 27]) == set()


async def test_single_objects_are_found_inside_their_app(client):
    """Another app's path doesn't lead to them, and what is no id is told."""
    world, other = client.world, "0" * 27
    admin = client.entitlement("Production", "Admin")
    good = f"/api/v1/apps/{world.app_id}/entitlements/{admin.id}"
    assert (await client.call("GET", good))["appEntitlementView"]["appPath"] == ""
    for path in (
        f"/api/v1/apps/{other}/entitlements/{admin.id}",
        f"/api/v1/apps/{world.app_id}/entitlements/{other}",
        f"/api/v1/apps/{other}",
        f"/api/v1/apps/{other}/resource_types/{world.resource_type_id}",
        f"/api/v1/apps/{world.app_id}/resource_types/{other}",
        f"/api/v1/apps/{world.app_id}/resource_types/{world.resource_type_id}/resources/{other}",
        f"/api/v1/users/{other}",
        f"/api/v1/request_schemas/{other}",
        "/api/v1/nothing/here",
    ):
        answer = await client.send("GET", path)
        assert (answer.status_code, answer.json()["code"]) == (404, 5), path
    for path in ("/api/v1/apps/x", "/api/v1/users/x", f"/api/v1/apps/x/entitlements/{admin.id}"):
        assert (await client.refused("GET", path))[0] == 400, path


@pytest.mark.parametrize("path", ["/api/v1/tasks/", "/api/v1/apps/%2E"])
async def test_an_empty_id_leads_to_the_collection(client, path):
    """The answer is a redirect that no client should follow."""
    answer = await client.http.get(path, headers={"Authorization": "Bearer x"})
    assert answer.status_code == 301
    assert answer.headers["location"].endswith(("/api/v1/tasks", "/api/v1/apps"))
