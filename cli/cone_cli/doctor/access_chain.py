"""From the login to the role: each link of what ``cone aws credentials`` does, looked at, none changed."""

import argparse
import asyncio
import os
from collections.abc import Mapping
from dataclasses import dataclass

from cone_cli.composition import tenant_flags
from cone_cli.doctor.finding import Finding, Level
from cone_cli.doctor.identity_center_check import (
    check_region,
    check_role,
    check_servers,
    check_session_file,
)
from cone_cli.doctor.outside import failed
from cone_cli.doctor.tenant_check import TenantFindings, check_login, check_tenant
from cone_cli.sso_session import configured_session
from cone_sidecar.clock import Clock
from cone_sidecar.connections import AdapterConnections
from cone_sidecar.domain.profile import DEFAULT_TENANT, Profile, SsoSession
from cone_sidecar.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class AccessChain:
    """What the chain is of: a profile, or without one the default tenant and the one session there is."""

    args: argparse.Namespace
    environment: Mapping[str, str]
    profile: Profile | None
    clock: Clock

    async def findings(self, *, offline: bool) -> list[Finding]:
        """Return what is to be said of each link; ``offline`` asks nobody."""
        # Where no directory can be, nothing is kept: a new token is minted, and nothing is written.
        connections = AdapterConnections(
            environment=dict(self.environment) | {"XDG_CACHE_HOME": os.devnull},
            flags=tenant_flags(self.args),
            clock=self.clock,
            source="cone:aws:doctor",
        )
        try:
            try:
                _ = connections.client
            except ConfigurationError as error:
                return [Finding("ca-bundle", Level.FAIL, error.message, error.hint)]
            return await self._links(connections, offline=offline)
        finally:
            await connections.aclose()

    async def _links(self, connections: AdapterConnections, *, offline: bool) -> list[Finding]:
        name = self.profile.tenant if self.profile else DEFAULT_TENANT
        login, tenant = check_login(connections, name, self._chosen_login(name))
        try:
            session = self._session()
        except ConfigurationError as error:
            missing = Finding("sso-session", Level.FAIL, error.message, error.hint)
            return [login, missing]
        region = check_region(session)
        signed_in, token = check_session_file(self.environment, session, self.clock)
        if offline:
            return [login, *region, signed_in]
        asked = (
            check_tenant(connections, tenant, self.profile, self.clock) if tenant else _nothing()
        )
        of_tenant, (servers, endpoints) = await asyncio.gather(
            asked, check_servers(connections, self.environment, session, self.clock)
        )
        found = [login, *of_tenant.findings, *region, *servers, signed_in]
        if endpoints and token and not failed(region):
            found += await check_role(
                connections,
                endpoints.portal,
                token,
                self.profile,
                self.clock,
                granted=of_tenant.granted,
            )
        return _once(found)

    def _chosen_login(self, name: str) -> str:
        if name != DEFAULT_TENANT:
            return name
        return tenant_flags(self.args).profile or self.environment.get("CONE_PROFILE", "")

    def _session(self) -> SsoSession:
        return self.profile.session if self.profile else configured_session("", self.environment)


async def _nothing() -> TenantFindings:
    return TenantFindings()


def _once(findings: list[Finding]) -> list[Finding]:
    """Leave one finding of the clock: two servers may tell of it."""
    skews = [each for each in findings if each.id == "clock-skew"]
    return [each for each in findings if each not in skews[1:]]
