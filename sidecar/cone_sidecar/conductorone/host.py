"""Which server a tenant is: names, URLs, and what may be spoken without TLS."""

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from cone_sidecar.errors import ConfigurationError, UsageError

DEFAULT_DOMAIN = ".conductor.one"
# Letters of any script, since names may be internationalized; the colons are IPv6's.
HOSTNAME = re.compile(r"[\w.:-]+")


@dataclass(frozen=True, slots=True)
class TenantHost:
    """A tenant's server. ``path`` is kept for tenants behind one; nearly always empty."""

    scheme: str
    authority: str
    path: str = ""

    @property
    def base_url(self) -> str:
        """Return the URL that API paths are appended to."""
        return f"{self.scheme}://{self.authority}{self.path}"

    @property
    def name(self) -> str:
        """Return the host without its port: the audience of client assertions (reference §2.2)."""
        return urlsplit(f"//{self.authority}").hostname or self.authority


def login_host(argument: str, *, insecure_hosts: frozenset[str] = frozenset()) -> TenantHost:
    """Turn what a person calls the tenant into its server (reference §1.1).

    A bare name is a tenant of the US domain; anything else is taken as the host. Plain http is kept
    for loopback and ``insecure_hosts``, and becomes https for all others.

    Raises:
        UsageError: There is no host in it.
    """
    text = argument.strip().lower()
    not_a_tenant = UsageError(
        "this is not a tenant's name or URL", hint="cone login <tenant>, as in: cone login acme"
    )
    if not text or text.count("[") != text.count("]"):
        raise not_a_tenant
    scheme = "https"
    if "://" not in text:
        authority, slash, path = text.partition("/")
        # A bare loopback name with a port is a server, never a tenant of the US domain.
        if "." not in authority and not _is_loopback(_hostname(authority)):
            authority += DEFAULT_DOMAIN
        path = slash + path
    else:
        parts = urlsplit(text)
        authority, path = parts.netloc, parts.path
        if parts.scheme == "http" and _may_be_plain(_hostname(authority), insecure_hosts):
            scheme = "http"
    if not _hostname(authority) or "@" in authority:
        raise not_a_tenant
    labels = authority.split(".")
    if authority.endswith(DEFAULT_DOMAIN) and len(labels) == len(["x", "conductor", "one"]):
        path = ""
    return TenantHost(scheme, authority, path.rstrip("/"))


def endpoint_host(text: str, *, insecure_hosts: frozenset[str] = frozenset()) -> TenantHost:
    """Parse an API endpoint: ``host[:port]`` under TLS, or a URL (reference §1.4).

    Raises:
        ConfigurationError: It is no endpoint, or plain http to a host that isn't loopback.
    """
    url = text.strip() if "://" in text else f"https://{text.strip()}"
    not_an_endpoint = ConfigurationError(
        "the API endpoint is neither host[:port] nor a URL",
        hint="set CONE_API_ENDPOINT to your tenant's host, such as acme.conductor.one",
    )
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise not_an_endpoint from None
    hostname = _hostname(parts.netloc)
    if not hostname or parts.scheme not in {"http", "https"} or "@" in parts.netloc:
        raise not_an_endpoint
    if parts.scheme == "http" and not _may_be_plain(hostname, insecure_hosts):
        raise ConfigurationError(
            f"plain http to {hostname} would show the access token to the network",
            hint="use https, or name a simulator's host: CONE_INSECURE_HOSTS=<host>",
        )
    return TenantHost(parts.scheme, parts.netloc, parts.path.rstrip("/"))


def client_id_host(client_id: str) -> TenantHost:
    """Return the server inside ``name@HOST/suffix`` (reference §2.1).

    Raises:
        ConfigurationError: There is none.
    """
    _, at, rest = client_id.partition("@")
    authority = rest.partition("/")[0]
    if not at or not _hostname(authority):
        raise ConfigurationError(
            "the client id names no tenant host",
            hint="cone login <tenant>, or set CONE_API_ENDPOINT",
        )
    return TenantHost("https", authority)


def _hostname(authority: str) -> str:
    try:
        hostname = urlsplit(f"//{authority}").hostname or ""
    except ValueError:
        return ""
    return hostname if HOSTNAME.fullmatch(hostname) else ""


def _may_be_plain(hostname: str, insecure_hosts: frozenset[str]) -> bool:
    return _is_loopback(hostname) or hostname in insecure_hosts


def _is_loopback(hostname: str) -> bool:
    if hostname == "localhost":
        return True
    try:
        return ipaddress.ip_address(hostname).is_loopback
    except ValueError:
        return False
