"""Refuse what no AWS SDK sends, before anybody looks at a token (sdk-contract §6, rules 6 to 10)."""

from collections.abc import Iterable, Sequence

from cone_sidecar.errors import ConeError, RequestRefused, Unauthorized
from cone_sidecar.secret import Secret

# No SDK sends any of these: they speak of a browser or of a proxy in between.
FOREIGN_HEADERS = frozenset({b"origin", b"cookie", b"x-forwarded-for", b"forwarded", b"via"})
FOREIGN_PREFIX = b"sec-fetch-"
BROWSER = b"Mozilla/"
BEARER = "Bearer "
LOOPBACK_NAMES = ("127.0.0.1", "localhost", "[::1]")

Headers = Sequence[tuple[bytes, bytes]]


class MethodRefused(RequestRefused):
    """Only GET is answered."""

    http_status = 405


class HostGuard:
    """Let through requests that are meant for this listener and come from no browser."""

    def __init__(self, addresses: Iterable[tuple[str, int]]) -> None:
        """Accept the names of ``addresses`` with and without port (the CRT sends none)."""
        allowed: set[bytes] = set()
        for host, port in addresses:
            bracketed = f"[{host}]" if ":" in host else host
            for name in (bracketed, *LOOPBACK_NAMES):
                allowed |= {name.encode(), f"{name}:{port}".encode()}
        self._allowed = frozenset(allowed)

    def refusal(self, method: str, headers: Headers) -> ConeError | None:
        """Return why the request is refused, None where it may pass."""
        if method != "GET":
            return MethodRefused("only GET is answered here", hint="point an AWS SDK at this URL")
        return self.foreign_refusal(headers) or self.host_refusal(headers)

    def foreign_refusal(self, headers: Headers) -> ConeError | None:
        """Return why the request comes from no program of ours: from a browser, or through a proxy."""
        for name, value in headers:
            if name in FOREIGN_HEADERS or name.startswith(FOREIGN_PREFIX):
                return RequestRefused("browsers and proxies get nothing here")
            if name == b"user-agent" and value.startswith(BROWSER):
                return RequestRefused("browsers get nothing here")
        return None

    def host_refusal(self, headers: Headers) -> ConeError | None:
        """Return why the request isn't meant for this listener: a name that was rebound to us."""
        hosts = [value.lower() for name, value in headers if name == b"host"]
        if len(hosts) != 1 or hosts[0] not in self._allowed:
            return RequestRefused("this listener is not known by that Host")
        return None


class TokenGuard:
    """Compare the Authorization header with the token, raw or after ``Bearer``, in constant time."""

    def __init__(self, token: Secret) -> None:
        self._token = token

    def hide(self, text: str) -> str:
        """Return ``text`` without the token, which a mistaken client may have put into its URL."""
        return text.replace(self._token.reveal(), "***")

    def refusal(self, headers: Headers) -> ConeError | None:
        """Return why the request is refused, None where it may pass."""
        values = [value for name, value in headers if name == b"authorization"]
        if not values:
            return Unauthorized(
                "no authorization token", hint='set its variables: eval "$(cone aws env <profile>)"'
            )
        value = values[0].decode("latin-1")
        # Both are compared, so that the time doesn't tell which form is right.
        raw, bare = self._token.matches(value), self._token.matches(value.removeprefix(BEARER))
        if len(values) == 1 and (raw or bare):
            return None
        return Unauthorized(
            "wrong authorization token", hint='set it anew: eval "$(cone aws env <profile>)"'
        )
