"""Identity Center, portal and STS of the simulator against real botocore clients."""

import base64
import hashlib
import urllib.parse

import boto3
import httpx
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

from fakes.running_simulator import running_simulator

START_URL = "https://acme.awsapps.com/start"
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
SCENARIO = """
tenant: acme
users: [{email: ada@example.com}, {email: grace@example.com}]
accounts:
  - {id: "100000000001", name: Production}
  - {id: "100000000002", name: Staging}
  - {id: "100000000003", name: Nobody's}
permission_sets:
  - {account: Production, name: Admin, policy: auto, granted_to: [ada@example.com]}
  - {account: Production, name: ReadOnly, policy: auto, granted_to: [ada@example.com]}
  - {account: Staging, name: Admin, policy: auto, granted_to: [ada@example.com]}
  - {account: Staging, name: Billing, policy: approval}
lifetimes: {access_token: 1h, refresh_token: 90d, role_credentials: 1h}
"""


@pytest.fixture(name="running")
def _running(tmp_path):
    """Serve the scenario above."""
    scenario = tmp_path / "scenario.yaml"
    scenario.write_text(SCENARIO)
    with running_simulator(scenario) as served:
        yield served


def client(service, url, **settings):
    """Make a real client pointed at the simulator."""
    config = Config(retries={"max_attempts": 1}, **settings)
    return boto3.client(service, region_name="us-east-1", endpoint_url=url, config=config)


def unsigned(service, url):
    """Make a client of a service that takes no signature."""
    return client(service, url, signature_version=UNSIGNED)


def control(url, path, body=None):
    """Steer the simulator."""
    answer = httpx.post(f"{url}/_simulator/{path}", json=body or {})
    assert answer.is_success, answer.text
    return answer.json()


def register(oidc, **more):
    """Register as the AWS CLI does; returns what CreateToken wants of it."""
    registered = oidc.register_client(
        clientName="botocore-client-cone-sso",
        clientType="public",
        scopes=["sso:account:access"],
        **more,
    )
    return {key: registered[key] for key in ("clientId", "clientSecret")}


def sign_in(url, *, email="ada@example.com"):
    """Sign in by the device flow; returns the tokens and the client."""
    oidc = unsigned("sso-oidc", url)
    who = register(oidc)
    started = oidc.start_device_authorization(**who, startUrl=START_URL)
    control(url, f"device/{started['userCode']}/confirm", {"email": email})
    token = oidc.create_token(**who, grantType=DEVICE_GRANT, deviceCode=started["deviceCode"])
    return token, who


def role_session(url, access_token, *, account="100000000001", role="Admin"):
    """Get role credentials; returns a session that uses them."""
    answer = unsigned("sso", url).get_role_credentials(
        roleName=role, accountId=account, accessToken=access_token
    )
    keys = answer["roleCredentials"]
    return boto3.Session(keys["accessKeyId"], keys["secretAccessKey"], keys["sessionToken"])


def sts_of(session, url):
    """Make an STS client that signs as ``session``."""
    return session.client("sts", region_name="us-east-1", endpoint_url=url)


def refused(call, *args, **kwargs):
    """Return the error code, status and body that a call is refused with."""
    with pytest.raises(ClientError) as error:
        call(*args, **kwargs)
    response = error.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"], response


def test_sts_confirms_the_role_that_the_portal_gave(running):
    """From device sign-in to GetCallerIdentity, everything by botocore."""
    url, _ = running
    token, _ = sign_in(url)
    assert token["tokenType"] == "Bearer"
    assert token["expiresIn"] == 3600
    identity = sts_of(role_session(url, token["accessToken"]), url).get_caller_identity()
    role = "arn:aws:sts::100000000001:assumed-role/AWSReservedSSO_Admin_"
    assert identity["Account"] == "100000000001"
    assert identity["Arn"].startswith(role)
    assert identity["Arn"].endswith("/ada@example.com")
    assert identity["UserId"].endswith(":ada@example.com")


def test_a_presigned_url_of_sts_is_answered(running):
    """GetCallerIdentity by GET, signed in the query, as cluster sign-ins use it."""
    url, _ = running
    token, _ = sign_in(url)
    sts = sts_of(role_session(url, token["accessToken"]), url)
    presigned = sts.generate_presigned_url("get_caller_identity", HttpMethod="GET")
    answer = httpx.get(presigned)
    assert answer.status_code == 200
    assert "<Account>100000000001</Account>" in answer.text


def test_foreign_credentials_are_refused_by_sts(running):
    """An unknown key, a wrong secret, a missing session token and no signature are told apart."""
    url, _ = running
    token, _ = sign_in(url)
    keys = role_session(url, token["accessToken"]).get_credentials()
    unknown = boto3.Session("ASIAUNKNOWN", "s", "t")
    wrong = boto3.Session(keys.access_key, "wrong", keys.token)
    tokenless = boto3.Session(keys.access_key, keys.secret_key)
    for session, code in (
        (unknown, "InvalidClientTokenId"),
        (wrong, "SignatureDoesNotMatch"),
        (tokenless, "InvalidClientTokenId"),
    ):
        assert refused(sts_of(session, url).get_caller_identity)[:2] == (code, 403)
    assert refused(unsigned("sts", url).get_caller_identity)[:2] == (
        "MissingAuthenticationToken",
        403,
    )


def test_ended_credentials_are_refused_by_sts(running):
    """An hour later, on the simulated clock, STS answers ExpiredToken."""
    url, _ = running
    token, _ = sign_in(url)
    sts = sts_of(role_session(url, token["accessToken"]), url)
    control(url, "clock/advance", {"seconds": 3600})
    assert refused(sts.get_caller_identity)[:2] == ("ExpiredToken", 403)


def test_sts_knows_no_other_action(running):
    """Other operations of STS are refused as unknown."""
    url, _ = running
    token, _ = sign_in(url)
    sts = sts_of(role_session(url, token["accessToken"]), url)
    assert refused(sts.get_session_token)[:2] == ("InvalidAction", 400)


def test_the_device_flow_tells_pending_denied_and_foreign(running):
    """Until the person decides it is pending; a denial and an unknown code are told apart."""
    url, _ = running
    oidc = unsigned("sso-oidc", url)
    who = register(oidc)
    started = oidc.start_device_authorization(**who, startUrl=START_URL)
    assert started["expiresIn"] == 600
    assert started["interval"] == 1
    assert started["verificationUriComplete"].startswith(f"{url}/")
    assert started["userCode"] in started["verificationUriComplete"]
    poll = {**who, "grantType": DEVICE_GRANT, "deviceCode": started["deviceCode"]}
    code, status, response = refused(oidc.create_token, **poll)
    assert (code, status) == ("AuthorizationPendingException", 400)
    assert response["error"] == "authorization_pending"
    assert refused(oidc.create_token, **poll)[:2] == ("SlowDownException", 400)
    control(url, "clock/advance", {"seconds": 10})
    control(url, f"device/{started['userCode']}/deny")
    assert refused(oidc.create_token, **poll)[:2] == ("AccessDeniedException", 400)
    poll["deviceCode"] = "unknown"
    assert refused(oidc.create_token, **poll)[0] == "InvalidGrantException"


def test_a_device_code_ends(running):
    """After ten minutes the code is expired."""
    url, _ = running
    oidc = unsigned("sso-oidc", url)
    who = register(oidc)
    started = oidc.start_device_authorization(**who, startUrl=START_URL)
    control(url, "clock/advance", {"seconds": 601})
    poll = {**who, "grantType": DEVICE_GRANT, "deviceCode": started["deviceCode"]}
    assert refused(oidc.create_token, **poll)[:2] == ("ExpiredTokenException", 400)


def test_an_unknown_client_is_refused(running):
    """A client that never registered gets 401 InvalidClientException."""
    url, _ = running
    oidc = unsigned("sso-oidc", url)
    code, status, _ = refused(
        oidc.start_device_authorization, clientId="c", clientSecret="s", startUrl=START_URL
    )
    assert (code, status) == ("InvalidClientException", 401)


def test_a_session_is_refreshed(running):
    """A refresh token gives new tokens once; a spent one is an invalid grant."""
    url, _ = running
    token, who = sign_in(url)
    oidc = unsigned("sso-oidc", url)
    refresh = {**who, "grantType": "refresh_token", "refreshToken": token["refreshToken"]}
    again = oidc.create_token(**refresh)
    assert again["refreshToken"] != token["refreshToken"]
    role_session(url, again["accessToken"])
    code, status, response = refused(oidc.create_token, **refresh)
    assert (code, status) == ("InvalidGrantException", 400)
    assert response["error_description"] == "Invalid refresh token provided"


def test_without_scopes_there_is_no_refresh_token(running):
    """A legacy registration gets an access token alone."""
    url, _ = running
    oidc = unsigned("sso-oidc", url)
    made = oidc.register_client(clientName="botocore-client-1", clientType="public")
    who = {key: made[key] for key in ("clientId", "clientSecret")}
    started = oidc.start_device_authorization(**who, startUrl=START_URL)
    control(url, f"device/{started['userCode']}/confirm")
    token = oidc.create_token(**who, grantType=DEVICE_GRANT, deviceCode=started["deviceCode"])
    assert not token.get("refreshToken")


def test_authorization_code_with_pkce(running):
    """A person allows it on the page, and the code is exchanged with its verifier, once."""
    url, _ = running
    oidc = unsigned("sso-oidc", url)
    who = register(
        oidc,
        grantTypes=["authorization_code", "refresh_token"],
        redirectUris=["http://127.0.0.1/oauth/callback"],
        issuerUrl=START_URL,
    )
    verifier = "v" * 64
    digest = hashlib.sha256(verifier.encode()).digest()
    redirect = "http://127.0.0.1:50123/oauth/callback"
    asked = {
        "response_type": "code",
        "client_id": who["clientId"],
        "redirect_uri": redirect,
        "state": "the state",
        "code_challenge_method": "S256",
        "scopes": "sso:account:access",
        "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
    }
    page = httpx.get(f"{url}/authorize", params=asked)
    assert page.status_code == 200
    assert "ada@example.com" in page.text
    decided = httpx.post(
        f"{url}/authorize", data={**asked, "email": "ada@example.com", "decision": "confirm"}
    )
    assert decided.status_code == 303
    target = urllib.parse.urlsplit(decided.headers["location"])
    assert target.netloc == "127.0.0.1:50123"
    answer = dict(urllib.parse.parse_qsl(target.query))
    assert answer["state"] == "the state"
    exchange = {
        **who,
        "grantType": "authorization_code",
        "code": answer["code"],
        "redirectUri": redirect,
        "codeVerifier": verifier,
    }
    token = oidc.create_token(**exchange)
    assert token["refreshToken"]
    role_session(url, token["accessToken"])
    assert refused(oidc.create_token, **exchange)[0] == "InvalidGrantException"


def test_a_denied_authorization_goes_back_with_an_error(running):
    """The browser is sent back with access_denied and the state; a bad redirect goes nowhere."""
    url, _ = running
    asked = {
        "response_type": "code",
        "client_id": "c",
        "redirect_uri": "http://127.0.0.1:1/cb",
        "state": "s",
        "code_challenge_method": "S256",
        "code_challenge": "a" * 43,
    }
    denied = httpx.post(f"{url}/authorize", data={**asked, "decision": "deny"})
    assert "error=access_denied" in denied.headers["location"]
    assert "state=s" in denied.headers["location"]
    asked["redirect_uri"] = "https://evil.example/"
    assert httpx.get(f"{url}/authorize", params=asked).status_code == 400


def test_a_page_of_another_site_decides_nothing(running):
    """A form that another site sends is refused."""
    url, _ = running
    for headers in ({"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}):
        for path in ("/device", "/authorize"):
            assert httpx.post(f"{url}{path}", data={}, headers=headers).status_code == 403


def test_a_person_confirms_on_the_device_page(running):
    """The page shows the code, and its form confirms the sign-in."""
    url, _ = running
    oidc = unsigned("sso-oidc", url)
    who = register(oidc)
    started = oidc.start_device_authorization(**who, startUrl=START_URL)
    assert started["userCode"] in httpx.get(started["verificationUriComplete"]).text
    form = {
        "user_code": started["userCode"].lower(),
        "email": "grace@example.com",
        "decision": "confirm",
    }
    assert httpx.post(f"{url}/device", data=form).status_code == 200
    assert httpx.post(f"{url}/device", data={**form, "user_code": "NONE"}).status_code == 404
    assert oidc.create_token(**who, grantType=DEVICE_GRANT, deviceCode=started["deviceCode"])[
        "accessToken"
    ]


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
