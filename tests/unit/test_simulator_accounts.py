"""Apps and accounts of the simulated tenant: several of one person, and several connectors."""

import pytest

from fakes.tenant_client import tenant

GRANT = "/api/v1/task/grant"
OTHER = "100000000009|arn:aws:sso:::permissionSet/ssoins-0123456789abcdef/ps-0123456789abcdef"
SCENARIO = f"""
tenant: acme
users: [{{email: ada@example.com, app_users: 2}}, {{email: grace@example.com}}]
accounts: [{{id: "100000000001", name: Production}}]
permission_sets:
  - {{account: Production, name: Admin, other_connectors: ["{OTHER}"]}}
  - {{account: Production, name: Held, granted_to: [ada@example.com]}}
"""


@pytest.fixture(name="client")
async def _client(tmp_path):
    """Give a tenant whose first person has two accounts in the AWS app."""
    async with tenant(SCENARIO, tmp_path) as client:
        yield client


async def granted(client, name):
    """List the person's accounts that have the entitlement, and all of them."""
    entitlement = client.entitlement("Production", name)
    path = f"/api/v1/apps/{client.world.app_id}/entitlements/{entitlement.id}"
    rows = (await client.call("GET", f"{path}/users/{client.me.id}/grants"))["bindings"]
    return (
        [row["appUserId"] for row in rows if row["appEntitlementId"]],
        [row["appUserId"] for row in rows],
    )


async def test_each_account_of_a_person_is_listed(client):
    """In the app, beside each entitlement, and among everybody's; a grant is one account's."""
    first, second = client.me.app_user_ids
    app = f"/api/v1/apps/{client.world.app_id}"
    mine = await client.call("GET", f"{app}/users/{client.me.id}/app_users")
    assert [view["appUser"]["id"] for view in mine["list"]] == [first, second]
    all_of_them = await client.call("GET", f"{app}/app_users")
    assert [view["appUser"]["email"] for view in all_of_them["list"]] == [
        "ada@example.com",
        "ada@example.com",
        "grace@example.com",
    ]
    assert await granted(client, "Held") == ([first], [first, second])


@pytest.mark.parametrize(("named", "index"), [(False, 0), (True, 0), (True, 1)])
async def test_a_request_is_for_one_account(client, named, index):
    """The one that it names, else the first; the task and the grant say which."""
    account = client.me.app_user_ids[index]
    body = client.grant_body("Production", "Admin") | {"appUserId": account if named else ""}
    task = (await client.call("POST", GRANT, body))["taskView"]["task"]
    assert task["type"]["grant"]["appUserId"] == account
    for _ in range(2):
        await client.look(task)
    assert (await granted(client, "Admin"))[0] == [account]


async def test_an_entitlement_has_the_ids_of_all_its_connectors(client):
    """The first is the AWS connector's own."""
    entitlement = client.entitlement("Production", "Admin")
    path = f"/api/v1/apps/{client.world.app_id}/entitlements/{entitlement.id}"
    shown = (await client.call("GET", path))["appEntitlementView"]["appEntitlement"]
    own, other = shown["sourceConnectorIds"].values()
    assert own.startswith("100000000001|")
    assert other == OTHER


async def test_the_apps_are_listed(client):
    """There is one."""
    answer = await client.call("GET", "/api/v1/apps?page_size=10")
    assert [app["displayName"] for app in answer["list"]] == ["AWS"]
    assert answer["nextPageToken"] == ""
