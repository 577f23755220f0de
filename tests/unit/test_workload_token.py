"""A workload's OIDC token, told to whoever compares it with the trust."""

import base64
import json

import pytest

from cone_sidecar.conductorone.workload_token import told_claims
from cone_sidecar.secret import Secret

ISSUER = "https://oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLE"
WHOLE = {"iss": ISSUER, "sub": "system:serviceaccount:shops:app", "aud": ["acme.conductor.one"]}
TIMES = {"iat": 1795000000, "exp": 1795000600.5}


def token(claims):
    """Return a JWT with these claims, and a signature that must not be told."""
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    return Secret(f"e30.{payload}.c2lnbmF0dXJl")


def test_what_a_trust_is_about_is_told():
    """Issuer, subject, audience, and both times; nothing else of it, and no signature."""
    assert told_claims(token(WHOLE | TIMES | {"email": "ada@example.com"})) == (
        f"iss {ISSUER}, sub system:serviceaccount:shops:app, aud acme.conductor.one,"
        " iat 2026-11-18T11:06:40Z, exp 2026-11-18T11:16:40Z"
    )


@pytest.mark.parametrize(
    ("claims", "told"),
    [
        ({"aud": "one"}, "aud one"),
        ({"aud": ["one", 2, "two"]}, "aud one two"),
        ({"aud": []}, "aud missing"),
        ({"iss": 5}, "iss missing"),
        ({"sub": "a\nb\u202e"}, "sub a\\nb\\u202e"),
        ({"iat": "soon"}, "iat missing"),
        ({"exp": 1e300}, "exp impossible"),
    ],
)
def test_what_is_odd_is_told_as_it_is(claims, told):
    """It stays one line of ASCII, and a claim that can't be right is said to be none."""
    line = told_claims(token(WHOLE | TIMES | claims))
    assert told in line
    assert line.isascii()
    assert line.isprintable()


@pytest.mark.parametrize("text", ["hunter2", "a.b", "a.%%%.c", "e30.W10.c", "e30.MQ.c", "..", ""])
def test_what_is_no_token_is_not_quoted(text):
    """It may be a secret that was put into the wrong file."""
    assert told_claims(Secret(text)) == "it is no JWT"
