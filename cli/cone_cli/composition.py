"""The composition root of the commands: settings in, adapters out."""

import argparse
import asyncio
import os
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from cone_cli.asked_with import asked_with
from cone_cli.sso_session import saved_region, saved_session, saved_template
from cone_sidecar.broker import AccessBroker
from cone_sidecar.catalogue import TenantProfiles
from cone_sidecar.clock import Clock, SystemClock
from cone_sidecar.conductorone.tenant import ConductorOneTenant
from cone_sidecar.cone_config import ConeConfig
from cone_sidecar.connections import AdapterConnections, TenantFlags
from cone_sidecar.domain.credentials import CHECK_VALID_FOR
from cone_sidecar.domain.profile import (
    PermissionSet,
    RequestTerms,
    SkippedEntitlement,
)
from cone_sidecar.events import Broadcast, Listener
from cone_sidecar.freshness import STRICT_CHECK_VALID_FOR
from cone_sidecar.justification import Justification
from cone_sidecar.request_terms import KEYS, default_terms, read_truth
from cone_sidecar.secret import Secret
from cone_sidecar.store import FileStore
from cone_sidecar.surroundings import Surroundings
from cone_sidecar.warm_file import WarmEntry

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class AccessSettings:
    """What is true for every profile that doesn't say otherwise; ``strict`` for each in any case."""

    terms: RequestTerms
    strict: bool


def access_settings(environment: Mapping[str, str]) -> AccessSettings:
    """Read what environment and config file say of requests for access.

    Raises:
        ConfigurationError: The file can't be read, or a value has no meaning.
    """
    config = ConeConfig.load(environment)
    strict = environment.get("CONE_STRICT") or config.texts(["cone_strict"])["cone_strict"]
    return AccessSettings(
        default_terms(environment, config.texts(KEYS)),
        read_truth("cone_strict", strict, default=False),
    )


def run_async(story: Coroutine[object, object, T]) -> T:
    """Run a command's coroutine to its end."""
    return asyncio.run(story)


def tenant_flags(args: argparse.Namespace) -> TenantFlags:
    """Return what the command line says about the tenant."""
    return TenantFlags(
        profile=getattr(args, "tenant_profile", ""),
        client_id=getattr(args, "client_id", ""),
        client_secret=Secret(getattr(args, "client_secret", "")),
        api_endpoint=getattr(args, "api_endpoint", ""),
    )


@asynccontextmanager
async def open_connections(
    args: argparse.Namespace, *, source: str, clock: Clock | None = None
) -> AsyncIterator[AdapterConnections]:
    """Open what a command needs; ``source`` names it to the tenant's audit log."""
    connections = AdapterConnections(
        environment=dict(os.environ),
        flags=tenant_flags(args),
        clock=clock or SystemClock(),
        source=source,
    )
    try:
        yield connections
    finally:
        await connections.aclose()


def warm_entries(args: argparse.Namespace) -> Callable[[str], WarmEntry]:
    """Return where a command's credentials are kept, by profile: the files that all commands share."""
    tenant = getattr(args, "tenant_profile", "")
    return partial(WarmEntry, environment=asked_with(args), tenant=tenant)


@asynccontextmanager
async def open_broker(
    args: argparse.Namespace,
    settings: AccessSettings,
    entry: Callable[[str], WarmEntry],
    *,
    source: str,
    listeners: Iterable[Listener],
) -> AsyncIterator[AccessBroker]:
    """Open a broker that keeps credentials in the files of ``entry``, for this process's own stories."""
    valid_for = STRICT_CHECK_VALID_FOR if settings.strict else CHECK_VALID_FOR
    async with open_connections(args, source=source) as connections:
        broker = AccessBroker(
            Surroundings(
                connections=connections,
                store=FileStore(entry, check_valid_for=valid_for),
                clock=SystemClock(),
                events=Broadcast(*listeners),
                justify=Justification(os.environ, Path.cwd()).of,
                strict=settings.strict,
            )
        )
        try:
            yield broker
        finally:
            await broker.close()


@asynccontextmanager
async def open_tenant(
    args: argparse.Namespace, *, source: str = "cone:aws:setup"
) -> AsyncIterator[ConductorOneTenant]:
    """Open the tenant that flags, environment and config file name.

    Raises:
        LoginRequired: There are no credentials for it.
    """
    async with open_connections(args, source=source) as connections:
        yield connections.tenant_named()


def tenant_profiles(
    connections: AdapterConnections,
    environment: Mapping[str, str],
    terms: RequestTerms,
    clock: Clock,
    before: Callable[[], None] = lambda: None,
) -> TenantProfiles | None:
    """Return a profile for each of the tenant's permission sets, None where no Identity Center is known.

    ``before`` is called each time that the tenant is asked; it may raise.

    Raises:
        ConfigurationError: A file can't be read.
    """
    session = saved_session(environment)
    if session is None:
        return None

    async def permission_sets() -> list[PermissionSet | SkippedEntitlement]:
        before()
        return await connections.tenant_named().permission_sets()

    return TenantProfiles(
        permission_sets,
        session=session,
        region=saved_region(environment),
        clock=clock,
        terms=terms,
        template=saved_template(environment),
    )
