"""A sidecar as a process: its tokens read, its applications made, all of it served until it is stopped."""

import argparse
import asyncio
import contextlib
import gc
import logging
import os
import signal
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from socket import socket
from typing import TYPE_CHECKING

from starlette.routing import Router

from cone_cli.asked_with import asked_with
from cone_cli.chosen_profiles import ChosenProfiles
from cone_cli.composition import open_connections, run_async
from cone_cli.configuration import Configuration, ConfigurationReader
from cone_cli.configuration_watch import ConfigurationWatch
from cone_cli.early_signals import early_signals
from cone_cli.endpoint_sockets import EndpointSockets, endpoint_sockets
from cone_cli.endpoint_tokens import EndpointTokens, endpoint_tokens
from cone_cli.log_output import log_from
from cone_cli.reconfiguration import RunningParts, behaviour, tell_outvoted
from cone_cli.variable_names import mistaken_names
from cone_sidecar import server
from cone_sidecar.ascii_text import ascii_text
from cone_sidecar.audit import AuditLog
from cone_sidecar.audit_sink import open_sink
from cone_sidecar.certificate import Certificate, CertificateWatch
from cone_sidecar.clock import Clock, SystemClock
from cone_sidecar.core_file import leave_no_core
from cone_sidecar.endpoint_settings import EndpointSettings
from cone_sidecar.justification import Justification
from cone_sidecar.listening import QuietServer
from cone_sidecar.runtime import RunningSidecar, announce, withdraw
from cone_sidecar.server import CONTAINER_ADDRESS, ListenAddress
from cone_sidecar.sidecar import Sidecar
from cone_sidecar.warm_file import setting, state_directory
from cone_sidecar.web.answered import Hear
from cone_sidecar.web.client_networks import ClientNetworks
from cone_sidecar.web.connection_pool import ConnectionPool, most_connections
from cone_sidecar.web.greetings import Greetings
from cone_sidecar.web.guard import HostGuard
from cone_sidecar.web.limited_protocol import Limits

if TYPE_CHECKING:
    from cone_sidecar.kubernetes.pod_events import PodEvents

# People, probes and the own user's commands: a few at a time.
MOST_MANAGING = 64
SETTLED_AFTER_S = 1.0

logger = logging.getLogger("cone_sidecar")


def serve(args: argparse.Namespace, reader: ConfigurationReader) -> int:
    """Serve until SIGTERM or SIGINT; returns the exit code.

    Raises:
        UsageError: Settings don't go together.
        ConfigurationError: An address, a file or a certificate can't be used.
        ExceptionGroup: More than one of these.
    """
    leave_no_core()
    told = reader.read()
    log_from(told.log_level)
    endpoint = told.endpoint
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
        _say_what_is_odd(told)
        made = MadeAtStart(sockets, tokens, running, hears, certificate)
        return run_async(_serve(args, reader, told, made))


@dataclass(frozen=True, slots=True)
class MadeAtStart:
    """Sockets and files: what stays for as long as the sidecar runs."""

    sockets: EndpointSockets
    tokens: EndpointTokens
    running: RunningSidecar
    hears: tuple[Hear, ...]
    certificate: Certificate | None


async def _serve(
    args: argparse.Namespace, reader: ConfigurationReader, told: Configuration, made: MadeAtStart
) -> int:
    started, clock = asyncio.Event(), SystemClock()
    async with open_connections(args, source="cone:serve") as connections:
        connections.change(told.environment)
        profiles = ChosenProfiles(connections, told.environment, told.terms, clock)
        host_guard = HostGuard(
            told.endpoint.allow_hosts, ClientNetworks(told.endpoint.allow_clients)
        )
        sidecar = Sidecar(
            connections=connections,
            profiles=profiles,
            missing=profiles.missing,
            tokens=made.tokens.tokens,
            management_secret=made.tokens.management_secret,
            clock=clock,
            host_guard=host_guard,
            hears=made.hears,
            default_profile=told.endpoint.default_profile,
            justify=Justification(os.environ, Path.cwd()).of,
            **behaviour(told.settings),
        )
        profiles.on_other_client = sidecar.broker.begin_anew
        pod_events = _pod_events(sidecar) if told.settings.pod_events else None
        announcing = asyncio.create_task(_announce(started, made.running, made.sockets))
        try:
            listeners = list(_listeners(sidecar, told.endpoint, made))
            certificate = _certificate_watch(made.certificate, listeners)
            parts = RunningParts(
                told, connections, profiles, sidecar, host_guard, made.tokens, certificate
            )
            watch = ConfigurationWatch(told, reader.read, parts.change, clock)
            with _hang_ups(watch):
                await server.serve(
                    *listeners,
                    started=started,
                    beside=lambda: _beside(parts, watch, clock, pod_events),
                    before_drain=parts.close,
                )
        finally:
            announcing.cancel()
            withdraw(Path(state_directory(os.environ)))
    logger.info("stopped")
    return 0


async def _beside(
    parts: RunningParts, watch: ConfigurationWatch, clock: Clock, pod_events: "PodEvents | None"
) -> None:
    """Keep fresh what is served, and what opens it, until cancelled."""
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(parts.sidecar.run())
        tasks.create_task(parts.sidecar.tell_unknown(parts.started_with.endpoint.named_profiles))
        tasks.create_task(parts.profiles.watch())
        tasks.create_task(watch.run())
        if pod_events:
            tasks.create_task(pod_events.run())
        if parts.tokens.files:
            tasks.create_task(parts.tokens.files.watch(clock))
        if parts.certificate:
            tasks.create_task(parts.certificate.run(clock))


@contextlib.contextmanager
def _hang_ups(watch: ConfigurationWatch) -> Iterator[None]:
    """Read the configuration again on SIGHUP, for the length of the block."""
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGHUP, watch.ask)
    if early_signals.hung_up:
        watch.ask()
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGHUP)
        # There is nothing left to read again, and no reason to be killed at the end.
        signal.signal(signal.SIGHUP, signal.SIG_IGN)


def _say_what_is_odd(told: Configuration) -> None:
    for name, near in mistaken_names(os.environ):
        logger.warning("nobody reads %s: did you mean %s?", ascii_text(name), near)
    tell_outvoted(told)


def _listeners(
    sidecar: Sidecar, endpoint: EndpointSettings, made: MadeAtStart
) -> Iterator[tuple[QuietServer, socket]]:
    """Yield each socket with the server that is to run on it."""
    sockets = made.sockets
    # Those of all credentials listeners are counted together.
    most = most_connections()
    # Of the descriptors that are left beside as many connections.
    greetings = Greetings(max(1, most // 2)) if made.certificate else None
    many = Limits(ConnectionPool(most), sidecar.refused_unread, greetings)
    few = Limits(ConnectionPool(MOST_MANAGING))
    credentials = sidecar.credentials_app()
    for listener in sockets.credentials:
        listener.when_accepted = greetings.began if greetings else None
        yield server.new_server(credentials, many, made.certificate), listener
    loopback = server.bound(sockets.management).loopback
    management = sidecar.management_app(loopback=loopback)
    yield server.new_server(management, few), sockets.management
    urls = {"url": made.running.credentials_url}
    own: Router = sidecar.own_user_app(urls, made.tokens.files)
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


def _certificate_watch(
    certificate: Certificate | None, listeners: list[tuple[QuietServer, socket]]
) -> CertificateWatch | None:
    def contexts() -> Iterator[ssl.SSLContext]:
        for each, _ in listeners:
            if each.config.loaded and each.config.ssl:
                yield each.config.ssl

    return CertificateWatch(certificate, contexts) if certificate else None


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
    # Nothing of the start is looked through now: the first requests wait for this very moment.
    gc.freeze()
    gc.enable()
    announce(Path(state_directory(os.environ)), running)
    logger.info("credentials: %s/credentials/<profile>", running.credentials_url)
    addresses = [server.bound(each) for each in sockets.credentials]
    for address in addresses:
        if address.everywhere:
            logger.info("credentials are given out at %s", _every_address(address))
        elif len(addresses) > 1:
            logger.info("credentials are given out at %s, too", address.authority)
    if sockets.imds:
        logger.info("instance metadata: %s", server.bound(sockets.imds).url)
    logger.info("management: %s/status", running.management_url)
    if (management := server.bound(sockets.management)).everywhere:
        logger.info("management listens at %s", _every_address(management))
    logger.info("token file: %s", running.token_file or "none, whoever asks is answered")
    await SystemClock().sleep(SETTLED_AFTER_S)
    # What the start left behind goes, and what stays needn't be looked through time and again.
    gc.unfreeze()
    gc.collect()
    gc.freeze()


def _every_address(address: ListenAddress) -> str:
    return f"every address of this machine or container, port {address.port}"
