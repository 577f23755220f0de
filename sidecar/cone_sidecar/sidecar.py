"""The sidecar without its sockets: one broker behind two applications, and what keeps it fresh."""

import asyncio
from datetime import timedelta

from starlette.applications import Starlette

from cone_sidecar.access_request import Justify, stated_justification
from cone_sidecar.broker import AccessBroker
from cone_sidecar.catalogue import ProfileSource
from cone_sidecar.clock import Clock
from cone_sidecar.cooldown import DEFAULT_COOLDOWN, Cooldown
from cone_sidecar.domain.ports import Connections
from cone_sidecar.events import Broadcast
from cone_sidecar.prefetch import Prefetch
from cone_sidecar.refresher import IDLE_AFTER, Refresher
from cone_sidecar.secret import Secret
from cone_sidecar.server import ListenAddress
from cone_sidecar.store import MemoryStore
from cone_sidecar.surroundings import Surroundings
from cone_sidecar.transition_log import TransitionLog
from cone_sidecar.web.access_commands import AccessCommands
from cone_sidecar.web.client_patience import LONGEST_S
from cone_sidecar.web.credentials_app import CredentialsApp
from cone_sidecar.web.guard import HostGuard, TokenGuard
from cone_sidecar.web.management_app import ManagementApp


class Sidecar:
    """Put the broker, the profiles and the two applications together.

    ``prefetch`` names profiles whose story begins with the sidecar and that never rest; others do
    ``idle_after`` they were last asked for. ``longest_wait_s`` bounds how long any client is kept waiting.
    """

    def __init__(
        self,
        *,
        connections: Connections,
        profiles: ProfileSource,
        token: Secret,
        clock: Clock,
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
                store=MemoryStore(),
                clock=clock,
                events=self.events,
                cooldown=cooldown,
                justify=justify,
                strict=strict,
            )
        )
        self._refresher = Refresher(self.broker, clock, pinned=prefetch, idle_after=idle_after)
        self._prefetch = Prefetch(self.broker, profiles, clock, names=prefetch)
        self._connections = connections
        self._profiles = profiles
        self._token = token
        self._longest_wait_s = longest_wait_s

    async def run(self) -> None:
        """Fetch what is wanted beforehand and keep what is used fresh, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._prefetch.run())
            tasks.create_task(self._refresher.run())

    def credentials_app(self, address: ListenAddress) -> CredentialsApp:
        """Return the application of the credentials listener at ``address``."""
        return CredentialsApp(
            broker=self.broker,
            profiles=self._profiles,
            host_guard=HostGuard([(address.host, address.port)]),
            token_guard=TokenGuard(self._token),
            longest_wait_s=self._longest_wait_s,
        )

    def management_app(self, address: ListenAddress) -> Starlette:
        """Return the application of the management listener at ``address``."""
        host_guard = HostGuard([(address.host, address.port)])
        commands = AccessCommands(
            broker=self.broker,
            profiles=self._profiles,
            connections=self._connections,
            host_guard=host_guard,
            token_guard=TokenGuard(self._token),
        )
        return ManagementApp(
            broker=self.broker, profiles=self._profiles, host_guard=host_guard, commands=commands
        ).build()
