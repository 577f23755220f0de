"""Client assertions, verified for real: signature, audience, times, replay (RFC 7523, reference §2.2)."""

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from cone_sidecar.secret import Secret

PARTS = 3
LONGEST_LIFE_S = 300
LEEWAY_S = 30
PublicKey = Ed25519PublicKey


class AssertionRefused(Exception):
    """Why an assertion proves nothing."""


@dataclass(frozen=True, slots=True)
class Expected:
    """Whom an assertion has to speak for, and to whom."""

    client_id: str
    audiences: frozenset[str]


class AssertionVerifier:
    """Verify assertions; each is good once."""

    def __init__(self) -> None:
        self._seen: dict[str, float] = {}

    def verify(self, assertion: str, key: PublicKey, expected: Expected, now: datetime) -> None:
        """Accept ``assertion``, or say why not.

        Raises:
            AssertionRefused: It proves nothing.
        """
        parts = assertion.split(".")
        if len(parts) != PARTS:
            raise AssertionRefused("the assertion is no JWS")
        header, claims = _object(parts[0]), _object(parts[1])
        if header.get("alg") != "EdDSA":
            raise AssertionRefused("the assertion's algorithm is not EdDSA")
        signature = _decode(parts[2])
        try:
            key.verify(signature, f"{parts[0]}.{parts[1]}".encode())
        except InvalidSignature:
            raise AssertionRefused("the assertion's signature is wrong") from None
        _check_claims(claims, expected, now.timestamp())
        self._check_replay(header, signature, float(claims["exp"]), now.timestamp())

    def _check_replay(
        self, header: dict[str, Any], signature: bytes, expires: float, now: float
    ) -> None:
        self._seen = {key: until for key, until in self._seen.items() if until > now - LEEWAY_S}
        nonce = header.get("nonce")
        # The bytes count: their last character can be written in several ways.
        signed = f"signature {signature.hex()}"
        for key in [signed, f"nonce {nonce}"] if nonce else [signed]:
            if key in self._seen:
                raise AssertionRefused("the assertion was used before")
            self._seen[key] = expires


def public_key_of(secret: Secret) -> PublicKey | None:
    """Return the public half of a client secret, None where it is none."""
    try:
        jwk = _object(secret.reveal().strip().split(":", 3)[3])
        return Ed25519PrivateKey.from_private_bytes(_decode(jwk["d"])).public_key()
    except (AssertionRefused, ValueError, KeyError, IndexError, TypeError, AttributeError):
        return None


def _check_claims(claims: dict[str, Any], expected: Expected, now: float) -> None:
    if claims.get("iss") != expected.client_id or claims.get("sub") != expected.client_id:
        raise AssertionRefused("the assertion is another client's")
    audience = claims.get("aud")
    named = audience if isinstance(audience, list) else [audience]
    if len(named) != 1 or str(named[0]) not in expected.audiences:
        raise AssertionRefused("the assertion is for another audience")
    try:
        expires = float(claims["exp"])
        not_before = float(claims.get("nbf", now))
        issued = float(claims.get("iat", now))
    except (KeyError, TypeError, ValueError):
        raise AssertionRefused("the assertion has no times") from None
    if not expires > now - LEEWAY_S:
        raise AssertionRefused("the assertion has expired")
    if not expires <= now + LONGEST_LIFE_S + LEEWAY_S:
        raise AssertionRefused("the assertion lives too long")
    if not_before > now + LEEWAY_S or issued > now + LEEWAY_S:
        raise AssertionRefused("the assertion is not valid yet")


def _object(segment: str) -> dict[str, Any]:
    try:
        content = json.loads(_decode(segment))
    except ValueError:
        raise AssertionRefused("the assertion is not JSON") from None
    if not isinstance(content, dict):
        raise AssertionRefused("the assertion is no object")
    return content


def _decode(segment: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
    except (binascii.Error, ValueError):
        raise AssertionRefused("the assertion is not base64url") from None
