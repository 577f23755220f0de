"""The sidecar without its sockets: one broker behind its applications, and what keeps it fresh."""

import asyncio
import logging
import secrets
from collections.abc import Iterable, Mapping
from datetime import timedelta

from starlette.requests import Request
from starlette.routing import Router

from cone_sidecar.access_request import Justify, stated_justification
from cone_sidecar.authorization_tokens import AuthorizationTokens
from cone_sidecar.broker import AccessBroker
from cone_sidecar.catalogue import ProfileSource
from cone_sidecar.clock import Clock
from cone_sidecar.cooldown import DEFAULT_COOLDOWN, Cooldown
from cone_sidecar.domain.ports import Connections, CredentialStore
from cone_sidecar.errors import ConeError, ProfileNotFound
from cone_sidecar.events import Broadcast
from cone_sidecar.metrics import Metrics
from cone_sidecar.prefetch import Prefetch
from cone_sidecar.profile_token_files import ProfileTokenFiles
from cone_sidecar.refresher import IDLE_AFTER, Refresher
from cone_sidecar.secret import Secret
from cone_sidecar.store import MemoryStore
from cone_sidecar.surroundings import Surroundings
from cone_sidecar.transition_log import TransitionLog
from cone_sidecar.web.access_commands import AccessCommands
from cone_sidecar.web.answered import Hear, Outcome
from cone_sidecar.web.bad_tokens import BadTokens
from cone_sidecar.web.client_patience import LONGEST_S
from cone_sidecar.web.credentials_app import CredentialsApp
from cone_sidecar.web.guard import CommandGuard, HostGuard
from cone_sidecar.web.imds_app import ImdsApp
from cone_sidecar.web.management_app import ManagementApp, Missing, nothing_missing
from cone_sidecar.web.own_user_app import OwnUserApp
from cone_sidecar.web.profile_credentials import ProfileCredentials
from cone_sidecar.web.refusal_log import RefusalLog
from cone_sidecar.web.seen_headers import read_headers

logger = logging.getLogger(__name__)


class Sidecar:
    """Put the broker, the profiles and the applications together.

    ``prefetch`` names profiles whose story begins with the sidecar and that never rest; others do
    ``idle_after`` they were last asked for. ``longest_wait_s`` bounds how long any client is kept waiting.
    ``tokens`` is None where credentials are given to whoever reaches the listener; ``hears`` are told of
    each answer; ``missing`` tells what a person has to do before anything can be served. Without a
    ``store``, credentials are in memory only.
    """

    def __init__(
        self,
        *,
        connections: Connections,
        profiles: ProfileSource,
        tokens: AuthorizationTokens | None,
        management_secret: Secret,
        clock: Clock,
        missing: Missing = nothing_missing,
        host_guard: HostGuard | None = None,
        hears: tuple[Hear, ...] = (),
        store: CredentialStore | None = None,
        default_profile: str = "",
        justify: Justify = stated_justification,
        cooldown: Cooldown = DEFAULT_COOLDOWN,
        strict: bool = False,
        prefetch: tuple[str, ...] = (),
        idle_after: timedelta = IDLE_AFTER,
        longest_wait_s: float = LONGEST_S,
    ) -> None:
        self.events = Broadcast(TransitionLog().hear)
        self.broker = AccessBroker(
            Surroundings(
                connections=connections,
                store=store or MemoryStore(),
                clock=clock,
                events=self.events,
                cooldown=cooldown,
                justify=justify,
                strict=strict,
            )
        )
        self._refresher = Refresher(self.broker, clock, pinned=prefetch, idle_after=idle_after)
        self._prefetch = Prefetch(self.broker, profiles, clock, names=prefetch)
        self._credentials = ProfileCredentials(self.broker, profiles)
        self._connections = connections
        self._profiles = profiles
        self._missing = missing
        self._tokens = tokens
        self._management_secret = management_secret
        self._clock = clock
        self._host_guard = host_guard or HostGuard()
        self._metrics = Metrics(clock)
        self._refusals = RefusalLog(clock)
        self._hears = (*hears, self._metrics.hear)
        self._credentials_app = CredentialsApp(
            credentials=self._credentials,
            host_guard=self._host_guard,
            tokens=tokens,
            bad_tokens=BadTokens(clock),
            refusals=self._refusals,
            hears=self._hears,
            default_profile=default_profile,
            longest_wait_s=longest_wait_s,
        )

    def change(
        self,
        *,
        default_profile: str,
        cooldown: Cooldown,
        strict: bool,
        prefetch: tuple[str, ...],
        idle_after: timedelta,
        longest_wait_s: float,
    ) -> None:
        """Go by other settings from now on; no story ends, and nothing that is held is dropped."""
        self._credentials_app.default_profile = default_profile
        self._credentials_app.longest_wait_s = longest_wait_s
        self.broker.change(cooldown=cooldown, strict=strict)
        self._refresher.idle_after = idle_after
        self._refresher.pinned = frozenset(prefetch)
        self._prefetch.change(prefetch)

    async def run(self) -> None:
        """Fetch what is wanted beforehand and keep what is used fresh, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._prefetch.run())
            tasks.create_task(self._refresher.run())
            if self._tokens:
                tasks.create_task(self._tokens.watch())

    async def tell_unknown(self, names: Iterable[str]) -> None:
        """Say in the log which of the profiles that settings name aren't there."""
        for name in names:
            try:
                await self._profiles.profile(name)
            except ProfileNotFound as error:
                logger.warning("%s; %s", error.message, error.hint)
            except ConeError:
                # Nobody knows yet which there are.
                return

    def refused_unread(self, peer: str, error: ConeError) -> None:
        """Take note of a request that was refused before it was read."""
        self._refusals.refused(peer, "-", error)
        outcome = Outcome(error.code, error.http_status)
        for hear in self._hears:
            hear(peer, b"", outcome, secrets.token_hex(8))

    def credentials_app(self) -> CredentialsApp:
        """Return the application of the credentials listeners."""
        return self._credentials_app

    def imds_app(self, profile: str) -> ImdsApp:
        """Return the application of the instance metadata listener, which knows one profile."""
        return ImdsApp(
            credentials=self._credentials,
            host_guard=self._host_guard,
            profile=profile,
            clock=self._clock,
            refusals=self._refusals,
            hears=self._hears,
        )

    def management_app(self, *, loopback: bool) -> Router:
        """Return the application of the management listener.

        Where others than this machine's users reach it, the secret is asked for to look as well.
        """
        names = self._host_guard
        commands = CommandGuard(
            names, AuthorizationTokens(self._management_secret, clock=self._clock)
        )

        def by_secret(request: Request) -> ConeError | None:
            return commands.refusal(request.headers.raw, request.scope.get("server"))

        def by_name(request: Request) -> ConeError | None:
            # A web page may have rebound its own name to us.
            return names.forwarded_host_refusal(
                read_headers(request.headers.raw), request.scope.get("server")
            )

        return ManagementApp(
            broker=self.broker,
            profiles=self._profiles,
            missing=self._missing,
            by_name=by_name,
            guard=by_name if loopback else by_secret,
            commands=AccessCommands(
                broker=self.broker,
                profiles=self._profiles,
                connections=self._connections,
                guard=by_secret,
                refusals=self._refusals,
            ),
            metrics=self._metrics,
        ).build()

    def own_user_app(
        self, urls: Mapping[str, str], token_files: ProfileTokenFiles | None
    ) -> Router:
        """Return the application of the unix socket; it tells of ``urls``."""
        management = ManagementApp(
            broker=self.broker,
            profiles=self._profiles,
            missing=self._missing,
            by_name=None,
            guard=None,
            commands=AccessCommands(
                broker=self.broker,
                profiles=self._profiles,
                connections=self._connections,
                guard=None,
                refusals=self._refusals,
            ),
            metrics=self._metrics,
        )
        return OwnUserApp(
            management=management,
            credentials=self._credentials,
            token_files=token_files,
            urls=urls,
            hears=self._hears,
        ).build()
