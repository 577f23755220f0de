"""The sidecar without its sockets: one broker behind two applications."""

from starlette.applications import Starlette

from cone_sidecar.broker import AccessBroker
from cone_sidecar.catalogue import ProfileSource
from cone_sidecar.clock import Clock
from cone_sidecar.domain.ports import Connections
from cone_sidecar.events import Broadcast
from cone_sidecar.secret import Secret
from cone_sidecar.server import ListenAddress
from cone_sidecar.store import MemoryStore
from cone_sidecar.transition_log import TransitionLog
from cone_sidecar.web.credentials_app import CredentialsApp
from cone_sidecar.web.guard import HostGuard, TokenGuard
from cone_sidecar.web.management_app import ManagementApp


class Sidecar:
    """Put the broker, the profiles and the two applications together."""

    def __init__(
        self, *, connections: Connections, profiles: ProfileSource, token: Secret, clock: Clock
    ) -> None:
        self.events = Broadcast(TransitionLog().hear)
        self.broker = AccessBroker(
            connections=connections, store=MemoryStore(), clock=clock, events=self.events
        )
        self._profiles = profiles
        self._token = token

    def credentials_app(self, address: ListenAddress) -> CredentialsApp:
        """Return the application of the credentials listener at ``address``."""
        return CredentialsApp(
            broker=self.broker,
            profiles=self._profiles,
            host_guard=HostGuard([(address.host, address.port)]),
            token_guard=TokenGuard(self._token),
        )

    def management_app(self, address: ListenAddress) -> Starlette:
        """Return the application of the management listener at ``address``."""
        return ManagementApp(
            broker=self.broker,
            profiles=self._profiles,
            host_guard=HostGuard([(address.host, address.port)]),
        ).build()
