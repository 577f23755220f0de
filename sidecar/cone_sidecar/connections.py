"""The adapters behind the ports, made once for each tenant and each Identity Center instance."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import httpx

from cone_sidecar.clock import Clock
from cone_sidecar.conductorone.connection import TenantSettings, connect
from cone_sidecar.conductorone.tenant import ConductorOneTenant
from cone_sidecar.cone_config import ConeConfig
from cone_sidecar.domain.profile import DEFAULT_TENANT, Profile, SsoSession
from cone_sidecar.http_client import new_http_client
from cone_sidecar.identity_center.endpoints import EndpointResolver
from cone_sidecar.identity_center.instance import IdentityCenterInstance
from cone_sidecar.secret import Secret
from cone_sidecar.secret_files import SECRET_FILES, SecretFiles, file_of
from cone_sidecar.warm_file import state_directory


@dataclass(frozen=True, slots=True)
class TenantFlags:
    """What the command line says about the tenant; empty where it says nothing."""

    profile: str = ""
    client_id: str = ""
    client_secret: Secret = field(default_factory=lambda: Secret(""), repr=False)
    api_endpoint: str = ""


class AdapterConnections:
    """Connect to the tenants and instances that profiles belong to; fulfils ``Connections``."""

    def __init__(
        self,
        *,
        environment: Mapping[str, str],
        flags: TenantFlags,
        clock: Clock,
        source: str,
    ) -> None:
        self._environment = environment
        self._flags = flags
        self._clock = clock
        self._source = source
        self._secrets = SecretFiles()
        self._client: httpx.AsyncClient | None = None
        self._tenants: dict[str, tuple[TenantSettings, ConductorOneTenant]] = {}
        self._instances: dict[SsoSession, IdentityCenterInstance] = {}
        self.state_directory = Path(state_directory(environment))

    def change(self, environment: Mapping[str, str]) -> None:
        """Be told who we are by other variables; tenants whose settings stay the same are kept."""
        self._environment = environment

    @property
    def client(self) -> httpx.AsyncClient:
        """Return the one HTTP client."""
        if self._client is None:
            self._client = new_http_client(self._environment)
        return self._client

    def tenant(self, profile: Profile) -> ConductorOneTenant:
        """Return the profile's tenant.

        Raises:
            LoginRequired: There are no credentials for it.
            ConfigurationError: It names no server, or its settings can't be read.
        """
        return self.tenant_named(profile.tenant)

    def tenant_named(self, name: str = DEFAULT_TENANT) -> ConductorOneTenant:
        """Return the tenant that the original's config file calls ``name``; raises as above."""
        settings = self.tenant_settings(name)
        known = self._tenants.get(name)
        if known and known[0] == settings:
            return known[1]
        # A login in the meantime makes another tenant of it, without a restart.
        tenant = connect(
            settings,
            self.client,
            state_directory=self.state_directory,
            secrets=self._secrets,
            clock=self._clock,
            source=self._source,
        )
        self._tenants[name] = (settings, tenant)
        return tenant

    def identity_center(self, profile: Profile) -> IdentityCenterInstance:
        """Return the profile's Identity Center instance."""
        return self.instance(profile.session)

    def instance(self, session: SsoSession) -> IdentityCenterInstance:
        """Return the instance of ``session``."""
        if session not in self._instances:
            home = Path(self._environment.get("HOME") or Path.home())
            self._instances[session] = IdentityCenterInstance(
                session,
                client=self.client,
                endpoints=EndpointResolver(self.state_directory, self._environment),
                token_directory=home / ".aws" / "sso" / "cache",
                state_directory=self.state_directory,
                clock=self._clock,
            )
        return self._instances[session]

    def tenant_settings(self, name: str) -> TenantSettings:
        """Return who we are to the tenant called ``name`` (order: reference §1.4).

        Flags and environment speak of the default tenant, and of one that the config file doesn't know:
        several tenants side by side are each what the file says.

        Raises:
            ConfigurationError: The config file, or the file of a secret, can't be read.
        """
        told = self._told_settings()
        if name == DEFAULT_TENANT and told.complete:
            return told
        config = ConeConfig.load(self._environment)
        saved = config.client(self._tenant_profile(config, name))
        if saved is None:
            return told
        if name != DEFAULT_TENANT:
            told = TenantSettings(insecure_hosts=told.insecure_hosts)
        return replace(
            told,
            client_id=told.client_id or saved.client_id,
            client_secret=told.client_secret or saved.client_secret,
            endpoint=told.endpoint or saved.api_endpoint,
        )

    def _told_settings(self) -> TenantSettings:
        """Return what flags and environment say."""
        environment, flags, told = self._environment, self._flags, self._told
        access_token_file = file_of(environment, "CONDUCTORONE_ACCESS_TOKEN")
        oidc_token_file = file_of(environment, "CONDUCTORONE_OIDC_TOKEN")
        secret, told_by = self._told_secret()
        return TenantSettings(
            client_id=flags.client_id
            or told("CONE_CLIENT_ID").reveal()
            or told("CONDUCTORONE_CLIENT_ID").reveal(),
            client_secret=secret,
            secret_told_by=told_by,
            access_token=Secret(environment.get("CONDUCTORONE_ACCESS_TOKEN", "")),
            access_token_file=access_token_file,
            oidc_token=Secret(environment.get("CONDUCTORONE_OIDC_TOKEN", "")),
            oidc_token_file=oidc_token_file,
            endpoint=flags.api_endpoint
            or environment.get("CONDUCTORONE_SERVER_URL", "")
            or environment.get("CONE_API_ENDPOINT", ""),
            insecure_hosts=frozenset(environment.get("CONE_INSECURE_HOSTS", "").split()),
        )

    def _told_secret(self) -> tuple[Secret, str]:
        """Return the client's secret, and what states it; both empty where nothing does."""
        if self._flags.client_secret:
            return self._flags.client_secret, "--client-secret"
        for variable in ("CONE_CLIENT_SECRET", "CONDUCTORONE_CLIENT_SECRET"):
            if secret := self._told(variable):
                named = file_of(self._environment, variable)
                return secret, SECRET_FILES[variable] if named else variable
        return Secret(""), ""

    def _told(self, variable: str) -> Secret:
        return self._secrets.told(self._environment, variable)

    def _tenant_profile(self, config: ConeConfig, name: str) -> str:
        """A profile that names its tenant means it; others go by flag, variable and file."""
        if name != DEFAULT_TENANT:
            return name
        return (
            self._flags.profile
            or self._environment.get("CONE_PROFILE", "")
            or config.default_profile
            or DEFAULT_TENANT
        )

    async def aclose(self) -> None:
        """Close the connections, after what must not be cut off."""
        for instance in self._instances.values():
            await instance.aclose()
        if self._client is not None:
            await self._client.aclose()
