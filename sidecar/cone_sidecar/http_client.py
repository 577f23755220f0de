"""The HTTP client of everything that we call: time limits, certificate authorities, no redirects."""

import ssl
from collections.abc import Mapping

import httpx

from cone_sidecar.certificate_authorities import trusted_authorities
from cone_sidecar.errors import ConfigurationError

TIMEOUT = httpx.Timeout(10.0, connect=5.0)
# Plain HTTP is taken there because nothing leaves the machine: a proxy would see each secret.
PAST_PROXIES = ("127.0.0.1", "localhost", "::1")
MOUNTS = {f"all://[{host}]" if ":" in host else f"all://{host}": None for host in PAST_PROXIES}


def new_http_client(environment: Mapping[str, str]) -> httpx.AsyncClient:
    """Make a client. It follows no redirect, which could lead a bearer to another host.

    Loopback is reached past any proxy, as in the original.

    Raises:
        ConfigurationError: A CA bundle or a proxy that the environment names can't be used.
    """
    trusted = trusted_authorities(environment)
    try:
        return httpx.AsyncClient(
            timeout=TIMEOUT, follow_redirects=False, verify=trusted, mounts=MOUNTS
        )
    except (ImportError, ValueError, httpx.InvalidURL) as error:
        raise ConfigurationError(
            "a proxy variable names a proxy that can't be used",
            hint="set HTTPS_PROXY and ALL_PROXY to an http:// proxy, or unset them",
        ) from error


def certificate_refused(error: BaseException) -> bool:
    """Tell whether a call failed because the server's certificate isn't trusted."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return True
        cause = cause.__cause__ or cause.__context__
    return False
