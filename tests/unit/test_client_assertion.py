"""The client assertion, verified with the public half of its key."""

import base64
import json
import traceback

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cone_sidecar.conductorone.client_assertion import sign_client_assertion
from cone_sidecar.conductorone.signing_process import signed_client_assertion
from cone_sidecar.errors import LoginRequired
from cone_sidecar.secret import Secret

PREFIX = "secret-token:conductorone.com:v1:"
ID = "strange-hydra-68836@acme.conductor.one/pcc"


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def a_secret(key, **changes):
    seed = key.private_bytes_raw()
    public = key.public_key().public_bytes_raw()
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": b64(public), "d": b64(seed)} | changes
    return Secret(PREFIX + b64(json.dumps(jwk).encode()))


def test_the_assertion_is_what_the_tenant_verifies(clock):
    """Header, claims and signature are those of reference §2.2."""
    key = Ed25519PrivateKey.generate()
    signed = sign_client_assertion(ID, a_secret(key), "acme.conductor.one", clock.now())
    header, claims, signature = signed.split(".")
    key.public_key().verify(unb64(signature), f"{header}.{claims}".encode())
    decoded = json.loads(unb64(header))
    assert decoded["alg"] == "EdDSA"
    assert len(bytes.fromhex(decoded["nonce"])) == 16
    assert set(decoded) == {"alg", "nonce"}
    now = int(clock.now().timestamp())
    assert json.loads(unb64(claims)) == {
        "iss": ID,
        "sub": ID,
        "aud": ["acme.conductor.one"],
        "iat": now,
        "nbf": now - 120,
        "exp": now + 120,
    }


def test_a_key_id_is_named(clock):
    """A kid of the JWK goes into the header."""
    secret = a_secret(Ed25519PrivateKey.generate(), kid="k1")
    header = sign_client_assertion(ID, secret, "h", clock.now()).split(".")[0]
    assert json.loads(unb64(header))["kid"] == "k1"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hunter2-canary",
        "a:b:v2:hunter2-canary",
        "a:b:v1:hunter2-canary",
        PREFIX + b64(b"[]"),
        PREFIX + b64(b'{"kty":"RSA","crv":"Ed25519","d":"hunter2-canary"}'),
        PREFIX + b64(b'{"kty":"OKP","crv":"Ed25519","d":"c2hvcnQ"}'),
        PREFIX + b64(b'{"kty":"OKP","crv":"Ed25519","d":null}'),
    ],
)
def test_what_is_no_secret_is_refused_unseen(clock, text):
    """A bad secret is refused, and nothing of it stands in the traceback."""
    with pytest.raises(LoginRequired, match="invalid client secret") as raised:
        sign_client_assertion(ID, Secret(text), "h", clock.now())
    assert "canary" not in "".join(traceback.format_exception(raised.value))


async def test_a_process_of_its_own_signs_the_same(clock):
    """What the child signs is verified as what we sign; the secret went by its stdin."""
    key = Ed25519PrivateKey.generate()
    signed = await signed_client_assertion(ID, a_secret(key), "acme.conductor.one", clock.now())
    header, claims, signature = signed.split(".")
    key.public_key().verify(unb64(signature), f"{header}.{claims}".encode())
    assert json.loads(unb64(claims))["exp"] == int(clock.now().timestamp()) + 120


async def test_a_bad_secret_starts_no_process(clock):
    """What can't be a secret is refused before anything is started."""
    with pytest.raises(LoginRequired, match="invalid client secret"):
        await signed_client_assertion(ID, Secret("nonsense"), "h", clock.now())
