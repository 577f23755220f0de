"""One Identity Center instance, against an OIDC service and a portal that answer as the test likes."""

import asyncio
import json
from datetime import timedelta

import httpx
import pytest

from cone_sidecar.domain.ports import SessionEnded
from cone_sidecar.errors import Unreachable
from cone_sidecar.identity_center.token_cache import SsoToken, TokenCache
from cone_sidecar.secret import Secret
from fakes.access import SESSION
from fakes.identity_center_instance import instance_before


class Aws:
    """Answer CreateToken with what the test has put there, and count."""

    def __init__(self):
        self.answers = []
        self.asked = []
        self.gate = None

    async def __call__(self, request):
        self.asked.append(json.loads(request.content).get("grantType"))
        if self.gate:
            await self.gate.wait()
        status, body = self.answers.pop(0)
        return httpx.Response(status, json=body)


def renewed(number):
    return 200, {
        "accessToken": f"access-{number}",
        "refreshToken": f"refresh-{number}",
        "expiresIn": 3600,
        "tokenType": "Bearer",
    }


@pytest.fixture(name="aws")
def _aws():
    return Aws()


@pytest.fixture(name="instance")
async def _instance(aws, tmp_path, clock):
    async with instance_before(aws, tmp_path, clock) as instance:
        yield instance


@pytest.fixture(name="cache")
def _cache(tmp_path, clock):
    """Keep a session that has ended, with a refresh token that still works."""
    cache = TokenCache(tmp_path / "sso", SESSION)
    cache.save_token(
        SsoToken(
            start_url=SESSION.start_url,
            region=SESSION.region,
            access_token=Secret("access-0"),
            expires=clock.now() - timedelta(minutes=1),
            client_id="client",
            client_secret=Secret("client-secret"),
            registration_expires=clock.now() + timedelta(days=90),
            refresh_token=Secret("refresh-0"),
        )
    )
    return cache


async def test_a_refresh_outlives_who_asked_for_it(instance, aws, cache, clock):
    """A rotated refresh token is kept, though the caller was cancelled while it was on its way."""
    aws.gate, aws.answers = asyncio.Event(), [renewed(1)]
    caller = asyncio.create_task(instance.session_token())
    while not aws.asked:
        await asyncio.sleep(0)
    caller.cancel()
    aws.gate.set()
    await instance.aclose()
    assert cache.token(clock.now()).refresh_token.reveal() == "refresh-1"


async def test_many_callers_refresh_once(instance, aws, cache):
    """Eight callers at once use the refresh token once, and all have the new session."""
    aws.answers = [renewed(1)]
    tokens = await asyncio.gather(*(instance.session_token() for _ in range(8)))
    assert {token.access_token.reveal() for token in tokens} == {"access-1"}
    assert aws.asked == ["refresh_token"]


async def test_an_outage_is_no_reason_to_sign_in(instance, aws, cache):
    """While AWS fails the caller is told so; when it is back, the session is renewed at once."""
    aws.answers = [(503, {})] * 4 + [renewed(1)]
    with pytest.raises(Unreachable):
        await instance.session_token()
    assert (await instance.session_token()).access_token.reveal() == "access-1"


async def test_a_refresh_token_that_is_refused_ends_the_session(instance, aws, cache):
    """An invalid grant is final: a person has to sign in."""
    aws.answers = [(400, {"error": "invalid_grant"})]
    with pytest.raises(SessionEnded):
        await instance.session_token()
