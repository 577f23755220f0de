"""What a workload's OIDC token says of itself, for whoever has to compare it with the trust."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

from cone_sidecar.ascii_text import ascii_text
from cone_sidecar.clock import rfc3339
from cone_sidecar.secret import Secret

# What a trust and its condition are about, and what the tenant judges a token's age by (reference §2.4).
NAMES = ("iss", "sub", "aud")
TIMES = ("iat", "exp")


def told_claims(token: Secret) -> str:
    """Return its issuer, subject, audience and times in one line; nothing of it is proved.

    None of these is a secret. What is no JWT is not quoted, since it may be one.
    """
    claims = _claims(token.reveal())
    if claims is None:
        return "it is no JWT"
    named = [f"{name} {_name(claims.get(name))}" for name in NAMES]
    timed = [f"{name} {_time(claims.get(name))}" for name in TIMES]
    return ", ".join([*named, *timed])


def _claims(token: str) -> dict[str, Any] | None:
    try:
        _, payload, _ = token.split(".")
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (ValueError, RecursionError):
        return None
    return claims if isinstance(claims, dict) else None


def _name(value: object) -> str:
    names = value if isinstance(value, list) else [value]
    texts = [ascii_text(name) for name in names if isinstance(name, str) and name]
    return " ".join(texts[:3]) or "missing"


def _time(value: object) -> str:
    if not isinstance(value, int | float):
        return "missing"
    try:
        return rfc3339(datetime.fromtimestamp(value, UTC))
    except (OverflowError, ValueError, OSError):
        return "impossible"
