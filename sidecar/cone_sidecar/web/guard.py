"""Refuse what no AWS SDK sends, before anybody looks at a token (sdk-contract §6, rules 6 to 10)."""

import re
from collections.abc import Iterable

from cone_sidecar.authorization_tokens import AuthorizationTokens
from cone_sidecar.errors import ConeError, RequestRefused, Unauthorized
from cone_sidecar.web.client_networks import ClientNetworks, plain_address
from cone_sidecar.web.seen_headers import Headers, SeenHeaders, read_headers

GET = "GET"
LOOPBACK_NAMES = ("127.0.0.1", "localhost", "[::1]")
LOOPBACK_HOST = re.compile(
    rb"(?:%s)(?::[0-9]{1,5})?" % b"|".join(re.escape(name.encode()) for name in LOOPBACK_NAMES)
)
# A listener on all addresses is reached at a few of them; more would be somebody's game.
MOST_ADDRESSES = 256
WHERE_IT_IS = "it is in the file management-token, beside the sidecar's caches"

Server = tuple[str, int | None] | None


class MethodRefused(RequestRefused):
    """The path isn't asked in this way; ``allow`` is."""

    http_status = 405

    def __init__(self, message: str, *, hint: str = "", allow: str = GET) -> None:
        super().__init__(message, hint=hint)
        self.allow = allow


class BodyRefused(RequestRefused):
    """A question for credentials has no body."""

    http_status = 400


class HostGuard:
    """Let through requests that are meant for this listener and come from no browser and no proxy."""

    def __init__(self, hosts: Iterable[str] = (), networks: ClientNetworks | None = None) -> None:
        """Accept, beside the address that a connection arrived at, ``hosts``; clients of ``networks``."""
        self._names: dict[Server, frozenset[bytes]] = {}
        self.change(hosts, networks or ClientNetworks())

    def change(self, hosts: Iterable[str], networks: ClientNetworks) -> None:
        """Accept other names and networks from the next request on."""
        self._hosts = tuple(host.lower() for host in hosts)
        self._networks = networks
        self._names.clear()

    def refusal(
        self,
        method: str,
        seen: SeenHeaders,
        client: tuple[str, int] | None,
        server: Server,
        *,
        allowed: str = GET,
    ) -> ConeError | None:
        """Return why the request is refused, None where it may pass.

        ``allowed`` is the only method of the path.
        """
        if not self._networks.admit(client):
            return RequestRefused(
                "clients of this network get nothing here",
                hint="cone serve --allow-client <network>",
            )
        if method != allowed:
            return MethodRefused(
                f"only {allowed} is answered here",
                hint="point an AWS SDK at this URL",
                allow=allowed,
            )
        refused = self.foreign_refusal(seen) or self.host_refusal(seen, server)
        if refused is None and seen.body:
            return BodyRefused("a question for credentials has no body")
        return refused

    def foreign_refusal(self, seen: SeenHeaders) -> ConeError | None:
        """Return why the request comes from no program of ours: from a browser, or through a proxy."""
        if seen.browser:
            return RequestRefused("browsers get nothing here")
        if seen.foreign:
            return RequestRefused(
                "browsers and proxies get nothing here", hint="set NO_PROXY=127.0.0.1,localhost"
            )
        return None

    def host_refusal(self, seen: SeenHeaders, server: Server) -> ConeError | None:
        """Return why the request isn't meant for this listener: a name that was rebound to us.

        ``server`` is the address that the connection arrived at.
        """
        names = self._names.get(server)
        if names is None:
            names = self._names_at(server)
        if seen.hosts == 1 and (seen.host in names or seen.host.lower() in names):
            return None
        return RequestRefused(
            "this listener is not known by that Host",
            hint="ask at its address, or --allow-host <name>",
        )

    def forwarded_host_refusal(self, seen: SeenHeaders, server: Server) -> ConeError | None:
        """Return as :meth:`host_refusal` does; a name of loopback is right with any port.

        Editors and container engines forward a port under another number. No name server says where
        these names lead (RFC 6761 §6.3), so none of them can be rebound to us.
        """
        if seen.hosts == 1 and LOOPBACK_HOST.fullmatch(seen.host.lower()):
            return None
        return self.host_refusal(seen, server)

    def _names_at(self, server: Server) -> frozenset[bytes]:
        """Return the names with and without port: the CRT sends none, and IPv6 without brackets."""
        host, port = server or ("", None)
        address = plain_address(host)
        own = () if address is None else (f"[{address}]" if address.version == 6 else f"{address}",)  # noqa: PLR2004 -- IPv6
        names = {*own, *LOOPBACK_NAMES, *self._hosts}
        names |= {f"{name}:{port}" for name in names}
        names.update(name.strip("[]") for name in own)
        if len(self._names) >= MOST_ADDRESSES:
            self._names.clear()
        found = self._names[server] = frozenset(name.encode() for name in names)
        return found


class CommandGuard:
    """Let through programs that know the management secret, and call the management listener by its name."""

    def __init__(self, host_guard: HostGuard, secret: AuthorizationTokens) -> None:
        self._host_guard = host_guard
        self._secret = secret

    def refusal(self, headers: Headers, server: Server) -> ConeError | None:
        """Return why the request is refused, None where it may pass."""
        seen = read_headers(headers)
        return (
            self._host_guard.foreign_refusal(seen)
            or self._host_guard.forwarded_host_refusal(seen, server)
            or self._secret_refusal(seen)
        )

    def _secret_refusal(self, seen: SeenHeaders) -> ConeError | None:
        if not seen.authorizations:
            return Unauthorized("no management secret", hint=WHERE_IT_IS)
        right = self._secret.opens(seen.authorization, "")
        if right and seen.authorizations == 1:
            return None
        return Unauthorized("wrong management secret", hint=WHERE_IT_IS)
