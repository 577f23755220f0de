"""The simulated portal of Identity Center against real botocore clients."""

import httpx
import pytest

from fakes.botocore_clients import (
    SCENARIO,
    control,
    refused,
    role_session,
    sign_in,
    sts_of,
    unsigned,
)
from fakes.running_simulator import running_simulator


@pytest.fixture(name="running")
def _running(tmp_path):
    """Serve the scenario above."""
    scenario = tmp_path / "scenario.yaml"
    scenario.write_text(SCENARIO)
    with running_simulator(scenario) as served:
        yield served


def test_the_portal_lists_what_is_assigned(running):
    """Accounts and roles of the user alone, page by page."""
    url, _ = running
    token, _ = sign_in(url)
    portal = unsigned("sso", url)
    pages = list(
        portal.get_paginator("list_accounts").paginate(
            accessToken=token["accessToken"], PaginationConfig={"PageSize": 1}
        )
    )
    assert [page["accountList"][0]["accountName"] for page in pages] == ["Production", "Staging"]
    roles = portal.list_account_roles(accessToken=token["accessToken"], accountId="100000000001")[
        "roleList"
    ]
    assert {role["roleName"] for role in roles} == {"Admin", "ReadOnly"}
    other, _ = sign_in(url, email="grace@example.com")
    assert portal.list_accounts(accessToken=other["accessToken"])["accountList"] == []


def test_the_portal_s_refusals(running):
    """Not assigned is 403, an unknown account 404, an unknown token 401."""
    url, _ = running
    token, _ = sign_in(url)
    portal = unsigned("sso", url)
    call = portal.get_role_credentials
    ours = {"accessToken": token["accessToken"]}
    code, status, response = refused(call, roleName="Billing", accountId="100000000002", **ours)
    assert (code, status) == ("ForbiddenException", 403)
    assert response["Error"]["Message"] == "No access"
    code, status, _ = refused(call, roleName="Admin", accountId="999999999999", **ours)
    assert (code, status) == ("ResourceNotFoundException", 404)
    code, status, response = refused(
        call, roleName="Admin", accountId="100000000001", accessToken="unknown"
    )
    assert (code, status) == ("UnauthorizedException", 401)
    assert response["Error"]["Message"] == "Session token not found or invalid"
    assert refused(portal.list_accounts, maxResults=101, **ours)[0] == "InvalidRequestException"


def test_a_log_out_and_expired_sessions(running):
    """After either, the portal answers 401."""
    url, _ = running
    portal = unsigned("sso", url)
    token, _ = sign_in(url)
    portal.logout(accessToken=token["accessToken"])
    assert refused(portal.list_accounts, accessToken=token["accessToken"])[1] == 401
    token, _ = sign_in(url)
    assert control(url, "sessions/expire", {"email": "ada@example.com"})["expired"] == 1
    assert refused(portal.list_accounts, accessToken=token["accessToken"])[1] == 401


def test_a_revoked_grant_ends_access(running):
    """After the revocation the portal answers 403."""
    url, _ = running
    token, _ = sign_in(url)
    body = {"account": "Production", "permission_set": "Admin"}
    control(url, "grants/revoke", body)
    code, status, _ = refused(
        unsigned("sso", url).get_role_credentials,
        roleName="Admin",
        accountId="100000000001",
        accessToken=token["accessToken"],
    )
    assert (code, status) == ("ForbiddenException", 403)


def test_the_journal_tells_who_did_what_and_no_secret(running):
    """Every request is there, with its operation and caller, and no token, code or secret."""
    url, _ = running
    token, who = sign_in(url)
    session = role_session(url, token["accessToken"])
    presigned = sts_of(session, url).generate_presigned_url("get_caller_identity", HttpMethod="GET")
    httpx.get(presigned)
    answer = httpx.get(f"{url}/_simulator/requests")
    entries = answer.json()
    assert [entry["operation"] for entry in entries] == [
        "RegisterClient",
        "StartDeviceAuthorization",
        "CreateToken",
        "GetRoleCredentials",
        "GetCallerIdentity",
    ]
    assert [entry["status"] for entry in entries] == [200] * 5
    assert [entry["who"] for entry in entries] == (
        ["botocore-client-cone-sso"] * 2 + ["ada@example.com"] * 3
    )
    assert entries[3]["query"] == {"role_name": "Admin", "account_id": "100000000001"}
    assert all("Boto3" in entry["user_agent"] for entry in entries[:4])
    keys = session.get_credentials()
    for secret in (
        token["accessToken"],
        token["refreshToken"],
        who["clientSecret"],
        keys.access_key,
        keys.secret_key,
        keys.token,
    ):
        assert secret not in answer.text
    assert httpx.delete(f"{url}/_simulator/requests").status_code == 204
    assert httpx.get(f"{url}/_simulator/requests").json() == []
