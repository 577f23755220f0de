"""A workload's OIDC token, as far as a tenant that doesn't know its issuer can judge it (reference §2.4)."""

import base64
import binascii
import json
from typing import Any

PARTS = 3
OLDEST_S = 600


class SubjectTokenRefused(Exception):
    """Why a token isn't exchanged: ``error`` is RFC 6749's code."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.error = error
        self.description = description


def check_subject_token(token: str, audiences: frozenset[str], now: float) -> None:
    """Accept ``token``, or say why not; its issuer's signature can't be known here.

    Args:
        token: A JWT.
        audiences: It has to be for one of these.
        now: Seconds since 1970.

    Raises:
        SubjectTokenRefused: It isn't one, or its time or audience is wrong.
    """
    claims = _claims(token)
    audience = claims.get("aud")
    named = audience if isinstance(audience, list) else [audience]
    if not any(isinstance(name, str) and name in audiences for name in named):
        raise SubjectTokenRefused("invalid_grant", "the subject token is for another audience")
    if not isinstance(claims.get("iss"), str):
        raise SubjectTokenRefused("invalid_grant", "issuer_mismatch")
    expires, issued = claims.get("exp"), claims.get("iat")
    if not isinstance(expires, int | float) or not isinstance(issued, int | float):
        raise SubjectTokenRefused("invalid_grant", "the subject token has no exp or no iat")
    if not expires > now:
        raise SubjectTokenRefused("invalid_grant", "the subject token has expired")
    if not issued >= now - OLDEST_S:
        raise SubjectTokenRefused("invalid_grant", "token_too_old")


def _claims(token: str) -> dict[str, Any]:
    parts = token.split(".")
    try:
        if len(parts) != PARTS:
            raise ValueError
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, binascii.Error):
        raise SubjectTokenRefused("invalid_request", "invalid_jwt_format") from None
    if not isinstance(claims, dict):
        raise SubjectTokenRefused("invalid_request", "invalid_jwt_format")
    return claims
