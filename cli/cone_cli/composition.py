"""The composition root of the commands: settings in, adapters out."""

import argparse
import asyncio
import os
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import TypeVar

from cone_sidecar.clock import Clock, SystemClock
from cone_sidecar.conductorone.tenant import ConductorOneTenant
from cone_sidecar.connections import AdapterConnections, TenantFlags
from cone_sidecar.secret import Secret

T = TypeVar("T")


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
