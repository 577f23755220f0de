"""Signing out of Identity Center: the session ends there, and is forgotten here in any case."""

import json
from datetime import timedelta

import httpx
import pytest

from cone_sidecar.domain.ports import SessionEnded
from cone_sidecar.errors import ConfigurationError, Unreachable
from cone_sidecar.identity_center.token_cache import Registration, SsoToken, TokenCache
from cone_sidecar.secret import Secret
from fakes.access import SESSION
from fakes.identity_center_instance import instance_before


class Portal:
    """Answer Logout, and anything else with what a sign-in needs."""

    def __init__(self):
        self.status = 200
        self.error = None
        self.tokens = []

    async def __call__(self, request):
        if request.url.path == "/device_authorization":
            return httpx.Response(
                200, json={"deviceCode": "d", "userCode": "ABCD", "verificationUri": "https://d"}
            )
        if request.url.path == "/token":
            return httpx.Response(400, json={"__type": "AuthorizationPendingException"})
        assert (request.method, str(request.url)) == ("POST", "https://sso/logout")
        self.tokens.append(request.headers["x-amz-sso_bearer_token"])
        if self.error:
            raise self.error
        return httpx.Response(self.status)


@pytest.fixture(name="portal")
def _portal():
    return Portal()


@pytest.fixture(name="instance")
async def _instance(portal, tmp_path, clock):
    async with instance_before(portal, tmp_path, clock) as instance:
        yield instance


@pytest.fixture(name="cache")
def _cache(tmp_path, clock):
    """Keep a session and the client that made it."""
    cache = TokenCache(tmp_path / "sso", SESSION)
    cache.save_token(token(clock, "access-0"))
    cache.save_registration(
        Registration("client", Secret("secret"), clock.now() + timedelta(days=90))
    )
    return cache


def token(clock, access_token, start_url=SESSION.start_url):
    expires = clock.now() + timedelta(hours=1)
    return SsoToken(start_url, SESSION.region, Secret(access_token), expires)


async def test_the_session_ends(instance, cache, portal, clock):
    """AWS is told, the token file goes, and the registered client stays for the next sign-in."""
    done = await instance.sign_out()
    assert (done.was_signed_in, done.failure) == (True, None)
    assert portal.tokens == ["access-0"]
    assert not cache.token_path.exists()
    assert cache.registration(clock.now()) is not None
    with pytest.raises(SessionEnded):
        await instance.session_token()


async def test_sessions_that_others_wrote(instance, cache, portal, tmp_path, clock):
    """A sign-in of another tool to the same instance would be used as ours: it ends too."""
    legacy = tmp_path / "sso" / "legacy.json"
    foreign = tmp_path / "sso" / "foreign.json"
    for path, start_url in ((legacy, SESSION.start_url), (foreign, "https://other/start")):
        path.write_text(
            json.dumps(
                {
                    "startUrl": start_url,
                    "region": SESSION.region,
                    "accessToken": path.stem,
                    "expiresAt": "2027-01-01T00:00:00Z",
                }
            )
        )
    await instance.sign_out()
    assert portal.tokens == ["access-0", legacy.stem]
    assert not legacy.exists()
    assert foreign.exists()


async def test_there_is_no_session(instance, portal):
    """Without one nobody is called."""
    done = await instance.sign_out()
    assert (done.was_signed_in, done.failure) == (False, None)
    assert portal.tokens == []


async def test_the_session_has_ended_already(instance, cache, portal):
    """A session that AWS doesn't know any more is no failure."""
    portal.status = 401
    assert (await instance.sign_out()).failure is None


@pytest.mark.parametrize("status", [400, 503])
async def test_aws_does_not_end_it(instance, cache, portal, status):
    """It is forgotten here all the same, and why AWS doesn't is told."""
    portal.status = status
    done = await instance.sign_out()
    assert f"HTTP {status}" in done.failure.message
    assert not cache.token_path.exists()


async def test_aws_is_unreachable(instance, cache, portal):
    """Likewise without a connection."""
    portal.error = httpx.ConnectError("no route")
    done = await instance.sign_out()
    assert isinstance(done.failure, Unreachable)
    assert not cache.token_path.exists()


async def test_a_pending_sign_in(instance, cache, tmp_path):
    """It is given up: its code is kept nowhere."""
    await instance.begin_sign_in()
    assert list(tmp_path.glob("sign-in-*.json"))
    await instance.sign_out()
    assert list(tmp_path.glob("sign-in-*.json")) == []


async def test_files_that_cannot_be_removed(instance, cache, monkeypatch):
    """What can't be forgotten is an error, with what to do."""

    def refused(path, **_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.unlink", refused)
    with pytest.raises(ConfigurationError, match="Permission denied") as failed:
        await instance.sign_out()
    assert "writable" in failed.value.hint
