"""From settings to a tenant: which server, which credentials (reference §1.4)."""

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import httpx

from cone_sidecar.clock import Clock
from cone_sidecar.conductorone.access_token import (
    AccessToken,
    AccessTokenFile,
    ClientCredentials,
    TokenGrant,
    WorkloadFederation,
)
from cone_sidecar.conductorone.api_client import ApiClient
from cone_sidecar.conductorone.bearer import FixedBearer, MintedBearer
from cone_sidecar.conductorone.host import TenantHost, client_id_host, endpoint_host
from cone_sidecar.conductorone.tenant import ConductorOneTenant
from cone_sidecar.errors import ConfigurationError, LoginRequired
from cone_sidecar.secret import Secret

# Nobody tells how long a token that was given to us lives; the tenant says so by 401.
GIVEN_TOKEN_LIFE = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class TenantSettings:
    """All that says who we are to a tenant; what is not set is empty."""

    client_id: str = ""
    client_secret: Secret = field(default_factory=lambda: Secret(""), repr=False)
    access_token: Secret = field(default_factory=lambda: Secret(""), repr=False)
    oidc_token: Secret = field(default_factory=lambda: Secret(""), repr=False)
    endpoint: str = ""
    insecure_hosts: frozenset[str] = frozenset()

    def host(self) -> TenantHost:
        """Return the tenant's server: the endpoint, else the host inside the client id.

        Raises:
            ConfigurationError: Neither names one.
        """
        if self.endpoint:
            return endpoint_host(self.endpoint, insecure_hosts=self.insecure_hosts)
        if not self.client_id and self.access_token:
            raise ConfigurationError(
                "CONDUCTORONE_ACCESS_TOKEN requires --client-id, CONDUCTORONE_CLIENT_ID, "
                "or --api-endpoint to determine the server"
            )
        return client_id_host(self.client_id)


def connect(
    settings: TenantSettings,
    client: httpx.AsyncClient,
    *,
    state_directory: Path,
    clock: Clock,
    source: str,
) -> ConductorOneTenant:
    """Return the tenant that ``settings`` name; nothing is sent yet.

    Args:
        settings: Who we are, and where.
        client: The HTTP client to use.
        state_directory: Where access tokens are kept between processes.
        clock: The time.
        source: The command, as the tenant's audit log shows it: ``cone:aws:credentials``.

    Raises:
        LoginRequired: There are no credentials.
        ConfigurationError: They name no server.
    """
    if settings.access_token:
        host = settings.host()
        given = AccessToken(settings.access_token, clock.now() + GIVEN_TOKEN_LIFE)
        fixed = ApiClient(client, host, FixedBearer(given), clock, source=source)
        return ConductorOneTenant(fixed, clock)
    grant = _grant(settings)
    host = settings.host()
    kept = AccessTokenFile(state_directory, host, grant.identity)
    bearer = MintedBearer(client, host, grant, kept, clock)
    return ConductorOneTenant(ApiClient(client, host, bearer, clock, source=source), clock)


def _grant(settings: TenantSettings) -> TokenGrant:
    if settings.oidc_token:
        if not settings.client_id:
            raise ConfigurationError(
                "CONDUCTORONE_OIDC_TOKEN needs the trust's client id",
                hint="set CONDUCTORONE_CLIENT_ID",
            )
        return WorkloadFederation(settings.client_id, settings.oidc_token)
    if not (settings.client_id and settings.client_secret):
        raise LoginRequired("client-id and client-secret must be set", hint="cone login <tenant>")
    return ClientCredentials(settings.client_id, settings.client_secret)
