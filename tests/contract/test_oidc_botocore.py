"""The simulated sign-in service of Identity Center against real botocore clients."""

import base64
import hashlib
import urllib.parse

import httpx
import pytest

from fakes.botocore_clients import (
    DEVICE_GRANT,
    SCENARIO,
    START_URL,
    control,
    refused,
    register,
    role_session,
    sign_in,
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
