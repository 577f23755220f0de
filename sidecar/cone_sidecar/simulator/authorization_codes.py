"""Authorization codes, each good for one exchange with the verifier of its challenge (RFC 7636)."""

import base64
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from cone_sidecar.clock import Clock

LIFETIME = timedelta(minutes=10)
CODE_BYTES = 96
CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """What a client asks a person to allow."""

    client_id: str
    redirect_uri: str
    code_challenge: str
    state: str
    scopes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Code:
    request: AuthorizationRequest
    user_id: str
    expires: datetime


class AuthorizationCodes:
    """Give out codes, and take each back once."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._codes: dict[str, _Code] = {}

    def issue(self, request: AuthorizationRequest, user_id: str) -> str:
        """Make a code for what ``user_id`` allowed."""
        code = secrets.token_urlsafe(CODE_BYTES)
        self._codes[code] = _Code(request, user_id, self._clock.now() + LIFETIME)
        return code

    def redeem(
        self, code: str, *, client_id: str, redirect_uri: str, code_verifier: str
    ) -> str | None:
        """Take a code back; returns whose it is, None unless all of it fits. A wrong try spends the code."""
        held = self._codes.pop(code, None)
        if (
            held is None
            or held.expires <= self._clock.now()
            or held.request.client_id != client_id
            or held.request.redirect_uri != redirect_uri
            or not challenge_matches(held.request.code_challenge, code_verifier)
        ):
            return None
        return held.user_id


def challenge_matches(challenge: str, verifier: str) -> bool:
    """Tell whether ``verifier`` is the one behind an S256 challenge (RFC 7636 §4.6)."""
    if not VERIFIER.fullmatch(verifier):
        return False
    digest = hashlib.sha256(verifier.encode("ascii")).digest()
    expected = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    return hmac.compare_digest(expected, challenge)
