"""The signed client assertion that a client secret makes (RFC 7523 §2.2, reference §2.1 and §2.2)."""

import base64
import binascii
import json
import secrets
import sys
from datetime import datetime, timedelta

from cone_sidecar.errors import LoginRequired
from cone_sidecar.secret import Secret

LIFETIME = timedelta(minutes=2)
SECRET_VERSION = "v1"  # noqa: S105 -- a format's name
SEED_BYTES = 32


def sign_client_assertion(
    client_id: str, client_secret: Secret, audience: str, now: datetime
) -> str:
    """Return a JWS that proves possession of ``client_secret`` to ``audience`` for two minutes.

    Raises:
        LoginRequired: The secret isn't one of ConductorOne's.
    """
    # Imported here: only the process that signs needs it.
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (  # noqa: PLC0415 -- as said above
        Ed25519PrivateKey,
    )

    key, key_id = _private_key(client_secret)
    header = {"alg": "EdDSA", "nonce": secrets.token_hex(16)} | ({"kid": key_id} if key_id else {})
    claims = {
        "iss": client_id,
        "sub": client_id,
        "aud": [audience],
        "iat": int(now.timestamp()),
        "nbf": int((now - LIFETIME).timestamp()),
        "exp": int((now + LIFETIME).timestamp()),
    }
    signed = f"{_segment(json.dumps(header))}.{_segment(json.dumps(claims))}"
    signature = Ed25519PrivateKey.from_private_bytes(key).sign(signed.encode())
    return f"{signed}.{_encode(signature)}"


def check_client_secret(client_secret: Secret) -> None:
    """Raise LoginRequired unless ``client_secret`` holds a private Ed25519 key."""
    _private_key(client_secret)


def _private_key(client_secret: Secret) -> tuple[bytes, str]:
    """Return seed and key id out of ``secret-token:conductorone.com:v1:<base64url JWK>``."""
    parts = client_secret.reveal().strip().split(":", 3)
    try:
        _, _, version, encoded = parts
        if version != SECRET_VERSION:
            raise ValueError
        jwk = json.loads(_decode(encoded))
        if (jwk["kty"], jwk["crv"]) != ("OKP", "Ed25519"):
            raise ValueError
        seed = _decode(jwk["d"])
        if len(seed) != SEED_BYTES:
            raise ValueError
        return seed, str(jwk.get("kid") or "")
    except (ValueError, KeyError, TypeError, AttributeError, binascii.Error):
        # The cause holds the secret's own text: it is left behind.
        raise LoginRequired("invalid client secret", hint="cone login <tenant>") from None


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _segment(text: str) -> str:
    return _encode(text.encode())


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def main() -> None:
    """Read what to sign from stdin, and print the assertion."""
    asked = json.load(sys.stdin)
    now = datetime.fromisoformat(asked["now"])
    secret = Secret(asked["client_secret"])
    print(sign_client_assertion(asked["client_id"], secret, asked["audience"], now))  # noqa: T201 -- its output


if __name__ == "__main__":
    main()
