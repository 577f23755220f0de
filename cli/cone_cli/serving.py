"""A sidecar as a process: its tokens read, its applications made, all of it served until it is stopped."""

import argparse
import asyncio
import contextlib
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from socket import socket
from typing import TYPE_CHECKING

from starlette.applications import Starlette

from cone_cli.asked_with import asked_with
from cone_cli.composition import access_settings, open_connections, profile_source, run_async
from cone_cli.endpoint_sockets import EndpointSockets, endpoint_sockets
from cone_cli.endpoint_tokens import EndpointTokens, endpoint_tokens
from cone_sidecar import server
from cone_sidecar.audit import AuditLog
from cone_sidecar.audit_sink import open_sink
from cone_sidecar.certificate import Certificate
from cone_sidecar.clock import SystemClock
from cone_sidecar.cooldown import Cooldown
from cone_sidecar.endpoint_settings import EndpointSettings
from cone_sidecar.justification import Justification
from cone_sidecar.listening import QuietServer
from cone_sidecar.runtime import RunningSidecar, announce, withdraw
from cone_sidecar.server import CONTAINER_ADDRESS, ListenAddress
from cone_sidecar.settings import SidecarSettings
from cone_sidecar.sidecar import Sidecar
from cone_sidecar.warm_file import setting, state_directory
from cone_sidecar.web.answered import Hear
from cone_sidecar.web.client_networks import ClientNetworks
from cone_sidecar.web.connection_pool import ConnectionPool, most_connections
from cone_sidecar.web.guard import HostGuard
from cone_sidecar.web.limited_protocol import Limits

if TYPE_CHECKING:
    from cone_sidecar.kubernetes.pod_events import PodEvents

# People, probes and the own user's commands: a few at a time.
MOST_MANAGING = 64

logger = logging.getLogger("cone_sidecar")


def serve(args: argparse.Namespace, settings: SidecarSettings, endpoint: EndpointSettings) -> int:
    """Serve until SIGTERM or SIGINT; returns the exit code.

    Raises:
        UsageError: Settings don't go together.
        ConfigurationError: An address, a file or a certificate can't be used.
    """
    state = Path(state_directory(os.environ))
    with contextlib.ExitStack() as held:
        sockets = held.enter_context(endpoint_sockets(endpoint, state / f"cone-{os.getpid()}.sock"))
        certificate = _certificate(endpoint)
        tokens = endpoint_tokens(endpoint, state)
        hears = held.enter_context(_audit(endpoint.audit))
        addresses = [server.bound(each) for each in sockets.credentials]
        for address in addresses:
            if not (address.private or certificate):
                logger.warning("%s: the network sees what is asked and answered here", address.host)
        running = RunningSidecar(
            credentials_url=_published(addresses, certificate),
            management_url=server.bound(sockets.management).url,
            token_file=str(tokens.file) if tokens.tokens else "",
            pid=os.getpid(),
            setting=setting(asked_with(args), getattr(args, "tenant_profile", "")),
            socket=str(state / f"cone-{os.getpid()}.sock"),
            management_token_file=str(tokens.management_file),
        )
        return run_async(
            _serve(
                args, settings, endpoint, sockets, tokens, running, hears, certificate=certificate
            )
        )


async def _serve(
    args: argparse.Namespace,
    settings: SidecarSettings,
    endpoint: EndpointSettings,
    sockets: EndpointSockets,
    tokens: EndpointTokens,
    running: RunningSidecar,
    hears: tuple[Hear, ...],
    *,
    certificate: Certificate | None,
) -> int:
    started = asyncio.Event()
    async with open_connections(args, source="cone:serve") as connections:
        sidecar = Sidecar(
            connections=connections,
            profiles=profile_source(connections, os.environ, access_settings(os.environ).terms),
            tokens=tokens.tokens,
            management_secret=tokens.management_secret,
            clock=SystemClock(),
            host_guard=HostGuard(endpoint.allow_hosts, ClientNetworks(endpoint.allow_clients)),
            hears=hears,
            default_profile=endpoint.default_profile,
            justify=Justification(os.environ, Path.cwd()).of,
            cooldown=Cooldown(request=settings.request_cooldown),
            strict=settings.strict,
            prefetch=settings.prefetch,
            idle_after=settings.idle_after,
            longest_wait_s=settings.max_wait.total_seconds(),
        )
        pod_events = _pod_events(sidecar) if settings.pod_events else None
        announcing = asyncio.create_task(_announce(started, running, sockets))
        try:
            listeners = list(_listeners(sidecar, endpoint, sockets, tokens, running, certificate))
            await server.serve(
                *listeners,
                started=started,
                beside=lambda: _beside(
                    sidecar, endpoint, tokens, certificate, listeners, pod_events
                ),
                before_drain=sidecar.broker.close,
            )
        finally:
            announcing.cancel()
            withdraw(Path(state_directory(os.environ)))
    logger.info("stopped")
    return 0


async def _beside(
    sidecar: Sidecar,
    endpoint: EndpointSettings,
    tokens: EndpointTokens,
    certificate: Certificate | None,
    listeners: list[tuple[QuietServer, socket]],
    pod_events: "PodEvents | None",
) -> None:
    """Keep fresh what is served, and what opens it, until cancelled."""
    clock = SystemClock()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(sidecar.run())
        tasks.create_task(sidecar.tell_unknown(endpoint.named_profiles))
        if pod_events:
            tasks.create_task(pod_events.run())
        if tokens.files:
            tasks.create_task(tokens.files.watch(clock))
        if certificate:
            contexts = [each.config.ssl for each, _ in listeners if each.config.ssl]
            tasks.create_task(certificate.watch(contexts, clock))


def _listeners(
    sidecar: Sidecar,
    endpoint: EndpointSettings,
    sockets: EndpointSockets,
    tokens: EndpointTokens,
    running: RunningSidecar,
    certificate: Certificate | None,
) -> Iterator[tuple[QuietServer, socket]]:
    """Yield each socket with the server that is to run on it."""
    # Those of all credentials listeners are counted together.
    many = Limits(ConnectionPool(most_connections()), sidecar.refused_unread)
    few = Limits(ConnectionPool(MOST_MANAGING))
    credentials = sidecar.credentials_app()
    for listener in sockets.credentials:
        yield server.new_server(credentials, many, certificate), listener
    loopback = server.bound(sockets.management).loopback
    management = sidecar.management_app(loopback=loopback)
    yield server.new_server(management, few), sockets.management
    own: Starlette = sidecar.own_user_app({"url": running.credentials_url}, tokens.files)
    yield server.new_server(own, Limits(ConnectionPool(MOST_MANAGING))), sockets.own
    if sockets.imds:
        limits = Limits(ConnectionPool(MOST_MANAGING), sidecar.refused_unread)
        yield server.new_server(sidecar.imds_app(endpoint.imds_profile), limits), sockets.imds


def _pod_events(sidecar: Sidecar) -> "PodEvents":
    """Have the story told on our own pod."""
    # Few sidecars need it, and all others start without.
    from cone_sidecar.kubernetes.pod_events import events_of_own_pod

    events = events_of_own_pod(os.environ, SystemClock(), sidecar.broker.profile)
    sidecar.events.listen(events.hear)
    return events


def _certificate(endpoint: EndpointSettings) -> Certificate | None:
    if endpoint.tls_cert is None or endpoint.tls_key is None:
        return None
    certificate = Certificate(endpoint.tls_cert, endpoint.tls_key)
    certificate.check()
    return certificate


@contextlib.contextmanager
def _audit(text: str) -> Iterator[tuple[Hear, ...]]:
    sink = open_sink(text)
    if sink is None:
        yield ()
        return
    try:
        yield (AuditLog(sink, SystemClock()).hear,)
    finally:
        sink.close()


def _published(addresses: list[ListenAddress], certificate: Certificate | None) -> str:
    """Return the base URL that SDKs are given: one on loopback, where there is one."""
    scheme = "https" if certificate else "http"
    chosen = next((each for each in addresses if each.loopback), addresses[0])
    if chosen == CONTAINER_ADDRESS and not certificate:
        # As SDKs write it that are given a relative URI.
        return f"{scheme}://{chosen.host}"
    return f"{scheme}://{chosen.authority}"


async def _announce(
    started: asyncio.Event, running: RunningSidecar, sockets: EndpointSockets
) -> None:
    """Write down where the sidecar is, once it answers."""
    await started.wait()
    announce(Path(state_directory(os.environ)), running)
    logger.info("credentials: %s/credentials/<profile>", running.credentials_url)
    for listener in sockets.credentials if len(sockets.credentials) > 1 else ():
        logger.info("credentials are given out at %s, too", server.bound(listener).authority)
    if sockets.imds:
        logger.info("instance metadata: %s", server.bound(sockets.imds).url)
    logger.info("management: %s/status", running.management_url)
    logger.info("token file: %s", running.token_file or "none, whoever asks is answered")
