"""Access tokens of the simulated tenant: assertions, device login, token exchange, bearers."""

import base64
import json
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cone_sidecar.clock import SystemClock
from fakes.tenant_client import HOST, tenant

DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
EXCHANGE_GRANT = "urn:ietf:params:oauth:grant-type:token-exchange"
CONE_CLIENT_ID = "2RGdOS94VDferT9e80mdgntl36K"
INTROSPECT = "/api/v1/auth/introspect"


def encoded(content):
    """Encode a segment of a JWS."""
    return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()


def key_of(user):
    """Return the private key inside a client secret."""
    segment = user.client_secret.reveal().split(":", 3)[3]
    jwk = json.loads(base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4)))
    return Ed25519PrivateKey.from_private_bytes(base64.urlsafe_b64decode(jwk["d"] + "=="))


def jws(user, *, header=None, key=None, **claims):
    """Sign an assertion with what is asked for, right or wrong."""
    now = int(SystemClock().now().timestamp())
    content = {
        "iss": user.client_id,
        "sub": user.client_id,
        "aud": [HOST],
        "iat": now,
        "nbf": now - 120,
        "exp": now + 120,
    } | claims
    signed = f"{encoded({'alg': 'EdDSA', **(header or {})})}.{encoded(content)}"
    signature = (key or key_of(user)).sign(signed.encode())
    return f"{signed}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def ahead(seconds):
    """Return a time of claims, from now on."""
    return int((SystemClock().now() + timedelta(seconds=seconds)).timestamp())


async def test_an_assertion_gets_a_bearer_and_is_good_once():
    """The first use is answered with a token that works, the second is refused."""
    async with tenant() as client:
        form = client.assertion()
        answer = await client.token(**form)
        token = answer.json()
        assert token["token_type"] == "Bearer"
        assert token["expires_in"] == 3600
        me = await client.call("GET", INTROSPECT, bearer=token["access_token"])
        assert me["userId"] == client.me.id
        again = await client.token(**form)
        assert again.status_code == 401
        assert again.json()["error"] == "invalid_client"


async def test_a_nonce_is_optional_and_not_repeated():
    """No nonce is fine; the same nonce under another signature is refused."""
    async with tenant() as client:
        bare = client.assertion(client_assertion=jws(client.me))
        assert (await client.token(**bare)).status_code == 200
        nonce = {"nonce": "0123456789abcdef0123456789abcdef"}
        first = client.assertion(client_assertion=jws(client.me, header=nonce))
        second = client.assertion(client_assertion=jws(client.me, header=nonce, exp=ahead(60)))
        assert (await client.token(**first)).status_code == 200
        assert (await client.token(**second)).status_code == 401


@pytest.mark.parametrize("audience", [[HOST], HOST])
async def test_the_audience_is_a_string_or_a_list_of_one(audience):
    """Both forms name the tenant."""
    async with tenant() as client:
        form = client.assertion(client_assertion=jws(client.me, aud=audience))
        assert (await client.token(**form)).status_code == 200


async def test_the_called_host_without_its_port_is_an_audience():
    """Who reaches the tenant by another name signs for that name."""
    async with tenant() as client:
        client.http.base_url = "https://127.0.0.1:9920"
        good = client.assertion(client_assertion=jws(client.me, aud=["127.0.0.1"]))
        port = client.assertion(client_assertion=jws(client.me, aud=["127.0.0.1:9920"]))
        assert (await client.token(**good)).status_code == 200
        assert (await client.token(**port)).status_code == 401


@pytest.mark.parametrize(
    "wrong",
    [
        {"aud": ["evil.conductor.one"]},
        {"aud": [HOST, "evil.conductor.one"]},
        {"iss": "somebody@acme.conductor.one/pcc"},
        {"sub": "somebody@acme.conductor.one/pcc"},
        {"exp": 1},
        {"exp": 10**12},
        {"exp": "soon"},
        {"exp": None},
        {"nbf": 10**12},
        {"header": {"alg": "none"}},
        {"header": {"alg": "HS256"}},
        {"key": Ed25519PrivateKey.generate()},
    ],
)
async def test_an_assertion_that_proves_nothing_is_refused(wrong):
    """Another audience, client, time, algorithm or key is an invalid client."""
    async with tenant() as client:
        form = client.assertion(client_assertion=jws(client.me, **wrong))
        answer = await client.token(**form)
        assert answer.status_code == 401
        assert answer.json()["error"] == "invalid_client"


@pytest.mark.parametrize("assertion", ["", "a.b", "a.b.c", "€.€.€", encoded([]) + ".e30.AA"])
async def test_a_malformed_assertion_is_refused(assertion):
    """What is no JWS is an invalid client, not a fault."""
    async with tenant() as client:
        answer = await client.token(**client.assertion(client_assertion=assertion))
        assert answer.status_code == 401


async def test_the_plain_secret_is_accepted_as_well():
    """A client may send its whole secret; a wrong one and an unknown client are refused."""
    async with tenant() as client:
        form = {"grant_type": "client_credentials", "client_id": client.me.client_id}
        secret = client.me.client_secret.reveal()
        assert (await client.token(**form, client_secret=secret)).status_code == 200
        assert (await client.token(**form, client_secret="wrong")).status_code == 401
        assert (await client.token(**form)).status_code == 401
        stranger = await client.token(**form | {"client_id": "x"}, client_secret=secret)
        assert stranger.status_code == 401


async def test_an_unknown_grant_type_is_told():
    """The error is the one that RFC 6749 names."""
    async with tenant() as client:
        answer = await client.token(grant_type="password")
        assert answer.status_code == 400
        assert answer.json()["error"] == "unsupported_grant_type"


async def start_device(client):
    """Start a login as the original does."""
    form = {"client_id": CONE_CLIENT_ID}
    answer = await client.http.post("/auth/v1/device_authorization", data=form)
    assert answer.status_code == 200
    return answer.json()


async def poll(client, device):
    """Ask for the device's token."""
    return await client.token(
        grant_type=DEVICE_GRANT, client_id=CONE_CLIENT_ID, device_code=device["device_code"]
    )


async def test_a_device_login_ends_in_a_personal_client():
    """Pending, confirmed, a token that only makes personal clients, whose secret then works."""
    async with tenant() as client:
        device = await start_device(client)
        assert device["interval"] == 5
        assert device["expires_in"] == 600
        assert device["user_code"] in device["verification_uri_complete"]
        pending = await poll(client, device)
        assert pending.status_code == 400
        assert pending.json()["error"] == "authorization_pending"
        client.world.device_authorizations.confirm(device["user_code"], client.me.id)
        token = (await poll(client, device)).json()
        assert token["refresh_token"] == ""
        bearer = token["access_token"]
        status, refusal = await client.refused("GET", INTROSPECT, bearer=bearer)
        assert (status, refusal["code"]) == (403, 7)
        made = await client.call(
            "POST", "/api/v1/iam/personal_clients", {"display_name": "Mine"}, bearer=bearer
        )
        assert made["client"]["displayName"] == "Mine"
        assert made["client"]["clientId"].endswith(f"@{HOST}/pcc")
        answer = await client.token(
            grant_type="client_credentials",
            client_id=made["client"]["clientId"],
            client_secret=made["clientSecret"],
        )
        assert answer.status_code == 200
        assert (await poll(client, device)).json()["error"] == "invalid_grant"


async def test_a_device_that_polls_too_fast_is_told_to_slow_down():
    """A second poll within the interval is too fast, and a later one isn't."""
    async with tenant() as client:
        device = await start_device(client)
        await poll(client, device)
        assert (await poll(client, device)).json()["error"] == "slow_down"
        client.world.clock.advance(5)
        assert (await poll(client, device)).json()["error"] == "authorization_pending"


async def test_a_refused_and_an_expired_device_are_told():
    """Denial and time end a login."""
    async with tenant() as client:
        device, other = await start_device(client), await start_device(client)
        client.world.device_authorizations.deny(device["user_code"])
        assert (await poll(client, device)).json()["error"] == "access_denied"
        client.world.clock.advance(601)
        assert (await poll(client, other)).json()["error"] == "expired_token"


async def exchange(client, **claims):
    """Exchange a workload's token."""
    now = int(SystemClock().now().timestamp())
    content = {"iss": "https://ci.example", "aud": HOST, "iat": now, "exp": now + 300} | claims
    return await client.token(
        grant_type=EXCHANGE_GRANT,
        client_id=f"swift-otter-19384@{HOST}/wfe",
        subject_token=f"{encoded({'alg': 'RS256'})}.{encoded(content)}.c2ln",
        subject_token_type="urn:ietf:params:oauth:token-type:jwt",
    )


async def test_a_workload_s_token_is_exchanged():
    """The answer has the token's type and half an hour of life."""
    async with tenant() as client:
        answer = (await exchange(client)).json()
        assert answer["issued_token_type"] == "urn:ietf:params:oauth:token-type:access_token"
        assert answer["expires_in"] == 1800
        await client.call("GET", INTROSPECT, bearer=answer["access_token"])


@pytest.mark.parametrize(
    "wrong", [{"aud": "evil"}, {"exp": 1}, {"iat": 1}, {"exp": "soon"}, {"iat": [1]}]
)
async def test_a_workload_s_token_that_does_not_fit_is_refused(wrong):
    """Another audience, an old and an expired one, and one with nonsense for times get 400."""
    async with tenant() as client:
        assert (await exchange(client, **wrong)).status_code == 400


async def test_a_bearer_ends():
    """After its life it is unauthenticated, as is an unknown one."""
    async with tenant() as client:
        await client.call("GET", INTROSPECT)
        client.world.clock.advance(3601)
        status, refusal = await client.refused("GET", INTROSPECT)
        assert (status, refusal["code"]) == (401, 16)
        assert (await client.refused("GET", INTROSPECT, bearer="x"))[0] == 401


async def test_personal_clients_are_their_owner_s_and_end():
    """One is listed and removed by its owner alone; an expired one gets no token."""
    async with tenant() as client:
        grace = client.world.user_by_email("grace@example.com")
        path = "/api/v1/iam/personal_clients"
        made = await client.call("POST", path, {"displayName": "Mine", "expires": "3600s"})
        identifier = made["client"]["id"]
        assert identifier in {each["id"] for each in (await client.call("GET", path))["list"]}
        assert (await client.refused("DELETE", f"{path}/{identifier}", user=grace))[0] == 404
        form = {
            "grant_type": "client_credentials",
            "client_id": made["client"]["clientId"],
            "client_secret": made["clientSecret"],
        }
        assert (await client.token(**form)).status_code == 200
        client.world.clock.advance(3601)
        assert (await client.token(**form)).status_code == 401
        client.bearers.clear()
        await client.call("DELETE", f"{path}/{identifier}")
        assert (await client.refused("DELETE", f"{path}/{identifier}"))[0] == 404
