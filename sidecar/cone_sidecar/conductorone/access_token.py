"""Access tokens of a tenant: where they come from, and the 0600 file that processes share."""

import hashlib
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import httpx

from cone_sidecar.atomic_file import write_atomically
from cone_sidecar.clock import Clock, parse_timestamp, rfc3339
from cone_sidecar.conductorone.client_assertion import check_client_secret
from cone_sidecar.conductorone.exchange import (
    BUSY,
    FAILING,
    Answer,
    attempt,
    failing,
    with_retries,
)
from cone_sidecar.conductorone.host import TenantHost
from cone_sidecar.conductorone.signing_process import signed_client_assertion
from cone_sidecar.conductorone.workload_token import told_claims
from cone_sidecar.errors import LoginRequired, Unreachable, UpstreamRejected
from cone_sidecar.secret import Secret

# A token this close to its end isn't used any more.
SKEW = timedelta(seconds=60)
# Where the tenant names none; it says by 401 when a token is over before.
DEFAULT_LIFE_S = 600
TOKEN_PATH = "/auth/v1/token"  # noqa: S105 -- a path
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
EXCHANGE_GRANT = "urn:ietf:params:oauth:grant-type:token-exchange"
JWT_TOKEN_TYPE = "urn:ietf:params:oauth:token-type:jwt"  # noqa: S105 -- a name

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A bearer token, with the user it speaks for once that is known."""

    value: Secret = field(repr=False)
    expires: datetime
    user_id: str = ""

    def fresh(self, now: datetime) -> bool:
        """Tell whether it may still be sent; a short-lived one is used to half a minute's end."""
        return self.expires > now


class TokenGrant(Protocol):
    """An OAuth grant that ends in an access token."""

    @property
    def identity(self) -> str:
        """Return what tells one holder from another; goes into a file's name, hashed."""

    @property
    def proof(self) -> str:
        """Return what the tenant is shown, in words."""

    @property
    def remedy(self) -> str:
        """Return what to do when the tenant refuses it."""

    async def form(self, host: TenantHost, now: datetime) -> dict[str, str]:
        """Return the body of the token request."""


@dataclass(frozen=True, slots=True)
class ClientCredentials:
    """Client credentials with a signed assertion (reference §2.2)."""

    client_id: str
    client_secret: Secret = field(repr=False)
    told_by: str = ""
    """The flag or variable that states the secret; empty for a saved login's."""

    @property
    def identity(self) -> str:
        """Return id and secret: another secret is another holder."""
        return f"{self.client_id}\0{self.client_secret.reveal()}"

    @property
    def proof(self) -> str:
        """Return what the tenant is shown."""
        return "the client credentials"

    @property
    def remedy(self) -> str:
        """Return what makes another secret; a login wouldn't count beside one that is stated."""
        if self.told_by:
            return f"correct {self.told_by} and the client id, or unset both: cone login <tenant>"
        return "cone login <tenant>"

    def check(self) -> None:
        """Raise LoginRequired unless the secret is one of ConductorOne's."""
        try:
            check_client_secret(self.client_secret)
        except LoginRequired as error:
            raise LoginRequired(error.message, hint=self.remedy) from None

    async def form(self, host: TenantHost, now: datetime) -> dict[str, str]:
        """Return the body of the token request.

        Raises:
            LoginRequired: The secret isn't one of ConductorOne's.
        """
        self.check()
        assertion = await signed_client_assertion(
            self.client_id, self.client_secret, host.name, now
        )
        return {
            "client_assertion": assertion,
            "client_assertion_type": ASSERTION_TYPE,
            "client_id": self.client_id,
            "grant_type": "client_credentials",
        }


@dataclass(frozen=True, slots=True)
class WorkloadFederation:
    """RFC 8693 exchange of a workload's OIDC token (reference §2.4).

    ``subject_token`` is asked for the token at each exchange: kubelet replaces a projected one before it
    ends. ``holder`` tells one workload from another, however often its token is replaced.
    """

    client_id: str
    subject_token: Callable[[], Secret]
    holder: str = field(repr=False)

    @property
    def identity(self) -> str:
        """Return the trust's id and the holder."""
        return f"{self.client_id}\0{self.holder}"

    @property
    def proof(self) -> str:
        """Return what the tenant is shown."""
        return "the workload's OIDC token"

    @property
    def remedy(self) -> str:
        """Return where to look."""
        return "compare its claims with the trust's: they are in the log (CONE_LOG_LEVEL=info)"

    async def form(self, host: TenantHost, now: datetime) -> dict[str, str]:  # noqa: ARG002 -- the port's
        """Return the body of the token request.

        Raises:
            ConfigurationError: The token's file can't be read.
        """
        token = self.subject_token()
        logger.info("a workload's OIDC token is exchanged: %s", told_claims(token))
        return {
            "client_id": self.client_id,
            "grant_type": EXCHANGE_GRANT,
            "subject_token": token.reveal(),
            "subject_token_type": JWT_TOKEN_TYPE,
        }


class AccessTokenFile:
    """One holder's access token, in a 0600 file of the cache directory."""

    def __init__(self, directory: Path, host: TenantHost, identity: str) -> None:
        digest = hashlib.sha256(f"{host.base_url}\0{identity}".encode()).hexdigest()
        self.path = directory / f"access-token-{digest[:32]}.json"
        self.lock_path = self.path.with_suffix(".lock")

    def load(self) -> AccessToken | None:
        """Return the token that was kept, None where there is none or the file is damaged."""
        try:
            kept = json.loads(self.path.read_bytes())
            return AccessToken(
                Secret(kept["accessToken"]), parse_timestamp(kept["expires"]), kept["userId"]
            )
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None

    def save(self, token: AccessToken) -> None:
        """Keep it; a cache that can't be written only costs speed."""
        kept = {
            "accessToken": token.value.reveal(),
            "expires": rfc3339(token.expires),
            "userId": token.user_id,
        }
        try:
            write_atomically(self.path, json.dumps(kept).encode(), mode=0o600)
        except OSError:
            return

    def drop(self) -> None:
        """Forget it."""
        self.path.unlink(missing_ok=True)


async def mint(
    client: httpx.AsyncClient, host: TenantHost, grant: TokenGrant, clock: Clock
) -> AccessToken:
    """Get an access token for ``grant``.

    Raises:
        LoginRequired: The tenant refuses the credentials.
        Unreachable: The tenant gives no usable answer.
    """

    async def send() -> Answer:
        # A new assertion each time: the tenant refuses one that it has seen.
        form = await grant.form(host, clock.now())
        request = client.post(
            host.base_url + TOKEN_PATH, data=form, headers={"Accept": "application/json"}
        )
        return await attempt(host, request)

    answer = await with_retries(send, clock, repeat_failures=True)
    if not isinstance(answer, httpx.Response):
        raise answer
    return AccessToken(*_token_of(answer, clock.now(), grant))


def _token_of(
    response: httpx.Response, asked_at: datetime, grant: TokenGrant
) -> tuple[Secret, datetime]:
    if response.status_code in BUSY or response.status_code in FAILING:
        raise failing(response.status_code)
    if response.status_code in {400, 401, 403}:
        raise LoginRequired(
            f"ConductorOne refuses {grant.proof} (HTTP {response.status_code})",
            hint=grant.remedy,
        )
    try:
        answer: dict[str, Any] = response.json()
        token, lifetime = answer["access_token"], int(answer.get("expires_in") or DEFAULT_LIFE_S)
        if response.status_code != httpx.codes.OK or not isinstance(token, str) or not token:
            raise ValueError
    except (ValueError, KeyError, TypeError, AttributeError):
        foreign = Unreachable if response.status_code == httpx.codes.OK else UpstreamRejected
        raise foreign(
            f"this is not ConductorOne's token endpoint (HTTP {response.status_code})",
            status=response.status_code,
            hint="check the tenant's host: cone whoami, CONE_API_ENDPOINT",
        ) from None
    life = timedelta(seconds=lifetime)
    return Secret(token), asked_at + max(life - SKEW, life / 2)
