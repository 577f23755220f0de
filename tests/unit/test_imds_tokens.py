"""IMDSv2's session tokens: who gets one, and how long it opens anything."""

import base64

import httpx
import pytest

from cone_sidecar.web.imds_tokens import ImdsTokens, parse_life
from fakes.access import PROFILE
from fakes.imds_instance import (
    IDENTITY,
    LIFE,
    ROLES,
    TOKEN,
    TOKEN_PATH,
    Instance,
)


@pytest.fixture(name="instance")
def _instance(clock):
    return Instance(clock)


async def test_a_token_is_handed_out(instance):
    """PUT gives a text of 56 characters, which every client has room for, and says how long it lives."""
    answer = await instance.ask("PUT", TOKEN_PATH, **{LIFE: "300"})
    assert answer.status_code == 200
    assert answer.headers[LIFE] == "300"
    assert answer.headers["content-type"] == "text/plain"
    assert answer.headers["cache-control"] == "no-store"
    assert len(answer.text) == 56
    assert len(base64.urlsafe_b64decode(answer.text)) == 42
    assert answer.text != await instance.token("300")


@pytest.mark.parametrize(
    "life", [None, "", "0", "21601", "-1", "+5", "1e3", "60.0", "six", " ", "0x10", "9" * 400, "٣"]
)
async def test_a_bad_lifetime_is_refused(instance, life):
    """Without a lifetime of 1 to 21600 seconds there is no token."""
    headers = {} if life is None else {LIFE: life.encode()}
    answer = await instance.ask("PUT", TOKEN_PATH, **headers)
    assert answer.status_code == 400
    assert answer.json()["code"] == "InvalidUsage"


async def test_two_lifetimes_are_refused(instance):
    """A header that comes twice means nothing."""
    transport = httpx.ASGITransport(app=instance.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        answer = await client.put(
            TOKEN_PATH, headers=[(LIFE, "60"), (LIFE, "60"), ("user-agent", "Ruby")]
        )
    assert answer.status_code == 400


@pytest.mark.parametrize("value", [b"1", b"21600", b"00060"])
def test_lifetimes_are_read(value):
    """The bounds are lifetimes themselves."""
    assert parse_life(value) == int(value)


async def test_version_1_gets_nothing(instance):
    """A GET without a token is refused, whatever it asks for, and costs no request for access."""
    for path in (ROLES, f"{ROLES}/{PROFILE.name}", IDENTITY, "/", "/nothing"):
        answer = await instance.ask("GET", path)
        assert answer.status_code == 401, path
        assert answer.json()["code"] == "Unauthorized"
        assert "ASIA" not in answer.text
    assert instance.tenant.calls == []


async def test_wrong_tokens_open_nothing(clock, instance):
    """Empty, cut, changed, foreign, repeated and non-ASCII tokens are refused."""
    good = await instance.token()
    foreign = await Instance(clock).token()
    changed = ("A" if good[0] != "A" else "B") + good[1:]
    sealed_wrong = good[:-1] + ("A" if good[-1] != "A" else "B")
    for token in (b" ", good[:-1], good + "A", changed, sealed_wrong, foreign, "ä".encode() * 28):
        answer = await instance.ask("GET", ROLES, **{TOKEN: token})
        assert answer.status_code == 401, token
    transport = httpx.ASGITransport(app=instance.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        answer = await client.get(
            ROLES, headers=[(TOKEN, good), (TOKEN, good), ("user-agent", "Ruby")]
        )
    assert answer.status_code == 401
    assert (await instance.get(ROLES, token=good)).status_code == 200


async def test_a_token_ends(clock, instance):
    """A token is good until its lifetime is over, and not a moment longer."""
    token = await instance.token("60")
    clock.advance(59.9)
    assert (await instance.get(ROLES, token=token)).status_code == 200
    clock.advance(0.1)
    assert (await instance.get(ROLES, token=token)).status_code == 401


async def test_a_lifetime_cannot_be_changed(clock):
    """The end stands in the token, under its seal."""
    tokens = ImdsTokens(clock)
    raw = bytearray(base64.urlsafe_b64decode(tokens.issue(60)))
    assert tokens.good(base64.urlsafe_b64encode(raw))
    raw[0] |= 0x40
    assert not tokens.good(base64.urlsafe_b64encode(raw))


async def test_no_number_of_tokens_ends_another(clock):
    """Tokens that others ask for leave mine as it is: none is kept, so none is pushed out."""
    tokens = ImdsTokens(clock)
    mine = tokens.issue(60)
    for _ in range(10_000):
        tokens.issue(21600)
    assert tokens.good(mine.encode())
    assert not [value for value in vars(tokens).values() if isinstance(value, (dict, list, set))]
