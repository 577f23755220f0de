"""From settings to a tenant: which server, which credentials (reference §1.4)."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import httpx

from cone_sidecar.clock import Clock
from cone_sidecar.conductorone.access_token import (
    AccessTokenFile,
    ClientCredentials,
    TokenGrant,
    WorkloadFederation,
)
from cone_sidecar.conductorone.api_client import ApiClient
from cone_sidecar.conductorone.bearer import GivenBearer, MintedBearer
from cone_sidecar.conductorone.host import TenantHost, client_id_host, endpoint_host
from cone_sidecar.conductorone.tenant import ConductorOneTenant
from cone_sidecar.errors import ConfigurationError, LoginRequired
from cone_sidecar.secret import Secret
from cone_sidecar.secret_files import SECRET_FILES, SecretFiles

ACCESS_TOKEN_FILE = SECRET_FILES["CONDUCTORONE_ACCESS_TOKEN"]
OIDC_TOKEN_FILE = SECRET_FILES["CONDUCTORONE_OIDC_TOKEN"]


@dataclass(frozen=True, slots=True)
class TenantSettings:
    """All that says who we are to a tenant; what is not set is empty.

    Tokens that are replaced while they are in use are named by their files: the tenant stays the same.
    """

    client_id: str = ""
    client_secret: Secret = field(default_factory=lambda: Secret(""), repr=False)
    secret_told_by: str = ""
    """The flag or variable that the secret comes from; empty where it is a saved login's."""
    access_token: Secret = field(default_factory=lambda: Secret(""), repr=False)
    access_token_file: str = ""
    oidc_token: Secret = field(default_factory=lambda: Secret(""), repr=False)
    oidc_token_file: str = ""
    endpoint: str = ""
    insecure_hosts: frozenset[str] = frozenset()

    @property
    def given_token(self) -> bool:
        """Tell whether an access token was given to us."""
        return bool(self.access_token or self.access_token_file)

    @property
    def workload_token(self) -> bool:
        """Tell whether there is a workload's OIDC token."""
        return bool(self.oidc_token or self.oidc_token_file)

    @property
    def complete(self) -> bool:
        """Tell whether this is enough to be somebody."""
        proof = self.client_secret or self.given_token or self.workload_token
        return bool(self.client_id and proof)

    @property
    def client(self) -> ClientCredentials:
        """Return the client, with its secret.

        Raises:
            LoginRequired: One of the two isn't set.
        """
        if self.client_id and not self.client_secret:
            raise LoginRequired(
                "there is a client id without its secret",
                hint="set CONE_CLIENT_SECRET or CONE_CLIENT_SECRET_FILE, or: cone login <tenant>",
            )
        if not self.client_id:
            raise LoginRequired(
                "client-id and client-secret must be set", hint="cone login <tenant>"
            )
        return ClientCredentials(self.client_id, self.client_secret, self.secret_told_by)

    def host(self) -> TenantHost:
        """Return the tenant's server: the endpoint, else the host inside the client id.

        Raises:
            ConfigurationError: Neither names one.
        """
        if self.endpoint:
            return endpoint_host(self.endpoint, insecure_hosts=self.insecure_hosts)
        if not self.client_id and self.given_token:
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
    secrets: SecretFiles,
    clock: Clock,
    source: str,
) -> ConductorOneTenant:
    """Return the tenant that ``settings`` name; nothing is sent yet.

    Args:
        settings: Who we are, and where.
        client: The HTTP client to use.
        state_directory: Where access tokens are kept between processes.
        secrets: Reads the files of tokens.
        clock: The time.
        source: The command, as the tenant's audit log shows it: ``cone:aws:credentials``.

    Raises:
        LoginRequired: There are no credentials.
        ConfigurationError: They name no server.
    """
    if settings.given_token:
        given = GivenBearer(_given(settings, secrets), clock)
        host = settings.host()
        return ConductorOneTenant(ApiClient(client, host, given, clock, source=source), clock)
    grant = _grant(settings, secrets)
    host = settings.host()
    kept = AccessTokenFile(state_directory, host, grant.identity)
    bearer = MintedBearer(client, host, grant, kept, clock)
    return ConductorOneTenant(ApiClient(client, host, bearer, clock, source=source), clock)


def _given(settings: TenantSettings, secrets: SecretFiles) -> Callable[[], Secret]:
    if settings.access_token_file:
        return partial(secrets.read, settings.access_token_file, ACCESS_TOKEN_FILE)
    return lambda: settings.access_token


def _grant(settings: TenantSettings, secrets: SecretFiles) -> TokenGrant:
    if settings.workload_token:
        return _federation(settings, secrets)
    return settings.client


def _federation(settings: TenantSettings, secrets: SecretFiles) -> WorkloadFederation:
    if not settings.client_id:
        raise ConfigurationError(
            "CONDUCTORONE_OIDC_TOKEN needs the trust's client id",
            hint="set CONDUCTORONE_CLIENT_ID",
        )
    path = settings.oidc_token_file
    if path:
        read = partial(secrets.read, path, OIDC_TOKEN_FILE)
        return WorkloadFederation(settings.client_id, read, holder=path)
    token = settings.oidc_token
    return WorkloadFederation(settings.client_id, lambda: token, holder=token.reveal())
