"""Clients that registered with the OIDC service; as at AWS, the client secret itself holds the registration.

So a registration outlives the simulator's process, as one of AWS's outlives anything on their side.
"""

import base64
import binascii
import hashlib
import hmac
import json
import secrets
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from cone_sidecar.clock import Clock

LIFETIME = timedelta(days=90)
CLIENT_ID_BYTES = 24
SCOPE_OF_REFRESH = "sso:account:access"
HEADER = base64.urlsafe_b64encode(b'{"kid":"key-1","alg":"HS256"}').rstrip(b"=").decode()
SECRET_PARTS = 3


@dataclass(frozen=True, slots=True)
class ClientRegistration:
    """What a client registered; times are Unix seconds."""

    client_id: str
    client_name: str
    issued_at: int
    expires_at: int
    scopes: tuple[str, ...] = ()
    grant_types: tuple[str, ...] = ()
    redirect_uris: tuple[str, ...] = ()

    @property
    def refreshable(self) -> bool:
        """Tell whether its sessions get refresh tokens."""
        return SCOPE_OF_REFRESH in self.scopes

    def allows_grant(self, grant_type: str) -> bool:
        """Tell whether it may use a grant type; without a list it may use all."""
        return not self.grant_types or grant_type in self.grant_types

    def allows_redirect(self, redirect_uri: str) -> bool:
        """Tell whether it may be redirected there; on loopback any port will do (RFC 8252 §7.3)."""
        return any(_same_redirect(known, redirect_uri) for known in self.redirect_uris)


class ClientRegistry:
    """Register clients, and read registrations back from the secrets that hold them."""

    def __init__(self, clock: Clock, tenant: str) -> None:
        self._clock = clock
        # It guards nothing real, and has to be the same after a restart.
        self._key = hashlib.sha256(f"cone simulator, tenant {tenant}".encode()).digest()

    def register(
        self,
        client_name: str,
        *,
        scopes: tuple[str, ...],
        grant_types: tuple[str, ...],
        redirect_uris: tuple[str, ...],
    ) -> tuple[ClientRegistration, str]:
        """Register a client; returns the registration and the client secret."""
        issued = self._clock.now()
        registration = ClientRegistration(
            client_id=secrets.token_urlsafe(CLIENT_ID_BYTES),
            client_name=client_name,
            issued_at=int(issued.timestamp()),
            expires_at=int((issued + LIFETIME).timestamp()),
            scopes=scopes,
            grant_types=grant_types,
            redirect_uris=redirect_uris,
        )
        payload = _encoded(json.dumps(asdict(registration)).encode())
        return registration, f"{HEADER}.{payload}.{self._seal(payload)}"

    def read(self, client_id: str, client_secret: str) -> ClientRegistration | None:
        """Return the registration that a secret holds; None unless it is ours, the client's and current."""
        parts = client_secret.split(".")
        if len(parts) != SECRET_PARTS or not hmac.compare_digest(
            self._seal(parts[1]).encode(), parts[2].encode()
        ):
            return None
        try:
            fields: dict[str, Any] = json.loads(
                base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4))
            )
        except (binascii.Error, ValueError):
            return None
        lists = ("scopes", "grant_types", "redirect_uris")
        registration = ClientRegistration(**fields | {name: tuple(fields[name]) for name in lists})
        expires = datetime.fromtimestamp(registration.expires_at, UTC)
        current = expires > self._clock.now()
        return registration if current and registration.client_id == client_id else None

    def _seal(self, payload: str) -> str:
        return _encoded(hmac.digest(self._key, payload.encode(), hashlib.sha256))


def is_redirect_uri(text: str) -> bool:
    """Tell whether ``text`` can be a native application's redirect URI."""
    try:
        parts = urlsplit(text)
        loopback = parts.hostname in {"127.0.0.1", "::1", "localhost"}
    except ValueError:
        return False
    if parts.scheme == "http":
        return loopback and not parts.fragment
    # A scheme of its own leads back into an application of this machine; these lead elsewhere.
    foreign = {"", "https", "javascript", "data", "file", "ftp"}
    return parts.scheme not in foreign and not parts.fragment


def _same_redirect(known: str, asked: str) -> bool:
    if known == asked:
        return True
    if not (is_redirect_uri(known) and is_redirect_uri(asked)):
        return False
    ours, theirs = urlsplit(known), urlsplit(asked)
    return (
        ours.scheme == theirs.scheme == "http"
        and ours.hostname == theirs.hostname
        and ours.path == theirs.path
    )


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
