"""What stands behind the OIDC service: registrations, authorization codes, sessions."""

import base64
import hashlib
from datetime import timedelta

import pytest

from cone_sidecar.simulator.authorization_codes import (
    AuthorizationCodes,
    AuthorizationRequest,
    challenge_matches,
)
from cone_sidecar.simulator.client_registration import (
    ClientRegistration,
    ClientRegistry,
    is_redirect_uri,
)
from cone_sidecar.simulator.sso_sessions import SsoSessions

# RFC 7636, appendix B.
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
REDIRECT = "http://127.0.0.1:50123/oauth/callback"
ASKED = AuthorizationRequest("client", REDIRECT, CHALLENGE, "state")


def test_the_rfc_s_own_challenge_matches():
    """The example of RFC 7636 verifies; another verifier and a short one don't."""
    assert challenge_matches(CHALLENGE, VERIFIER)
    assert not challenge_matches(CHALLENGE, VERIFIER[:-1] + "x")
    short = base64.urlsafe_b64encode(hashlib.sha256(b"short").digest()).rstrip(b"=").decode()
    assert not challenge_matches(short, "short")


def redeem(codes, code, **changes):
    """Redeem a code as its client does, but for ``changes``."""
    given = {"client_id": "client", "redirect_uri": REDIRECT, "code_verifier": VERIFIER} | changes
    return codes.redeem(code, **given)


def test_a_code_works_once(clock):
    """The second exchange of a code is refused."""
    codes = AuthorizationCodes(clock)
    code = codes.issue(ASKED, "ada")
    assert redeem(codes, code) == "ada"
    assert redeem(codes, code) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "other"},
        {"redirect_uri": "http://127.0.0.1:1/oauth/callback"},
        {"code_verifier": VERIFIER[::-1]},
    ],
)
def test_a_code_fits_one_client_one_redirect_and_one_verifier(clock, changes):
    """Whatever doesn't fit is refused, and spends the code."""
    codes = AuthorizationCodes(clock)
    code = codes.issue(ASKED, "ada")
    assert redeem(codes, code, **changes) is None
    assert redeem(codes, code) is None


def test_a_code_ends_after_ten_minutes(clock):
    """A code that was kept too long is refused."""
    codes = AuthorizationCodes(clock)
    code = codes.issue(ASKED, "ada")
    clock.advance(601)
    assert redeem(codes, code) is None


def sessions_on(clock):
    """Make sessions with tokens of an hour and a day."""
    return SsoSessions(clock, access_token=timedelta(hours=1), refresh_token=timedelta(days=1))


def test_an_access_token_ends(clock):
    """A token opens its session for its lifetime, and no longer."""
    sessions = sessions_on(clock)
    token = sessions.open(user_id="ada", client_id="c", refreshable=True).access_token.reveal()
    clock.advance(3599)
    assert sessions.find(token).user_id == "ada"
    clock.advance(1)
    assert sessions.find(token) is None
    assert sessions.find("never issued") is None


def test_a_refresh_token_works_once_and_for_its_client(clock):
    """A refresh gives both tokens anew; the old refresh token is spent."""
    sessions = sessions_on(clock)
    session = sessions.open(user_id="ada", client_id="c", refreshable=True)
    first = session.refresh_token.reveal()
    assert sessions.refresh(first, client_id="other") is None
    refreshed = sessions.refresh(first, client_id="c")
    assert refreshed.refresh_token.reveal() != first
    assert sessions.find(refreshed.access_token.reveal()) is refreshed
    assert sessions.refresh(first, client_id="c") is None


def test_a_refresh_does_not_make_the_session_longer(clock):
    """The session ends a day after its sign-in, however often it was refreshed."""
    sessions = sessions_on(clock)
    session = sessions.open(user_id="ada", client_id="c", refreshable=True)
    clock.advance(80_000)
    session = sessions.refresh(session.refresh_token.reveal(), client_id="c")
    clock.advance(6_401)
    assert sessions.refresh(session.refresh_token.reveal(), client_id="c") is None


def test_a_log_out_ends_all_tokens(clock):
    """After it neither an older access token nor the refresh token works."""
    sessions = sessions_on(clock)
    session = sessions.open(user_id="ada", client_id="c", refreshable=True)
    older = session.access_token.reveal()
    sessions.refresh(session.refresh_token.reveal(), client_id="c")
    sessions.close(session)
    assert sessions.find(older) is None
    assert sessions.find(session.access_token.reveal()) is None
    assert sessions.refresh(session.refresh_token.reveal(), client_id="c") is None


def test_expiring_access_tokens_leaves_refresh_tokens(clock):
    """Only the access tokens end, and only the named user's."""
    sessions = sessions_on(clock)
    ada = sessions.open(user_id="ada", client_id="c", refreshable=True)
    bob = sessions.open(user_id="bob", client_id="c", refreshable=False)
    assert sessions.expire_access_tokens("ada") == 1
    assert sessions.find(ada.access_token.reveal()) is None
    assert sessions.find(bob.access_token.reveal()) is bob
    assert sessions.refresh(ada.refresh_token.reveal(), client_id="c") is ada
    assert sessions.close_all() == 2
    assert sessions.find(bob.access_token.reveal()) is None


def register(registry, **changes):
    """Register a client as the AWS CLI does."""
    given = {
        "scopes": ("sso:account:access",),
        "grant_types": (),
        "redirect_uris": ("http://127.0.0.1/oauth/callback",),
    } | changes
    return registry.register("botocore-client-cone-sso", **given)


def test_a_registration_outlives_the_simulator(clock):
    """Another process with the same tenant reads what the secret holds."""
    registration, secret = register(ClientRegistry(clock, "acme"))
    again = ClientRegistry(clock, "acme").read(registration.client_id, secret)
    assert again == registration
    assert again.refreshable


def test_a_registration_of_another_kind_is_refused(clock):
    """Another client's, another tenant's, an altered and an ended one are refused."""
    registry = ClientRegistry(clock, "acme")
    registration, secret = register(registry)
    head, payload, seal = secret.split(".")
    assert registry.read("other", secret) is None
    assert registry.read(registration.client_id, "nonsense") is None
    assert registry.read(registration.client_id, f"{head}.{payload}x.{seal}") is None
    assert ClientRegistry(clock, "other").read(registration.client_id, secret) is None
    clock.advance(90 * 86_400)
    assert registry.read(registration.client_id, secret) is None


@pytest.mark.parametrize(
    ("asked", "allowed"),
    [
        ("http://127.0.0.1:50123/oauth/callback", True),
        ("http://127.0.0.1/oauth/callback", True),
        ("http://127.0.0.1:50123/elsewhere", False),
        ("http://evil.example/oauth/callback", False),
        ("https://127.0.0.1/oauth/callback", False),
    ],
)
def test_loopback_redirects_may_have_any_port(asked, allowed):
    """A registration without a port allows each port, and nothing else (RFC 8252 §7.3)."""
    client = ClientRegistration(
        "c", "name", 0, 0, redirect_uris=("http://127.0.0.1/oauth/callback",)
    )
    assert client.allows_redirect(asked) is allowed


@pytest.mark.parametrize(
    ("uri", "good"),
    [
        ("http://127.0.0.1/x", True),
        ("http://[::1]:8/x", True),
        ("vscode://example/callback", True),
        ("http://evil.example/x", False),
        ("javascript:alert(1)", False),
        ("", False),
        ("http://127.0.0.1:port/x#fragment", False),
    ],
)
def test_redirect_uris_are_those_of_native_applications(uri, good):
    """Plain HTTP is for this machine alone, and scripts are no redirect."""
    assert is_redirect_uri(uri) is good
