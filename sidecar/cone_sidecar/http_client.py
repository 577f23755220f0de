"""The HTTP client of everything that we call: time limits, CA bundles, no redirects."""

import ssl
from collections.abc import Mapping
from pathlib import Path

import certifi
import httpx

from cone_sidecar.errors import ConfigurationError

TIMEOUT = httpx.Timeout(10.0, connect=5.0)
CA_VARIABLES = ("AWS_CA_BUNDLE", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")


def new_http_client(environment: Mapping[str, str]) -> httpx.AsyncClient:
    """Make a client. It follows no redirect: one could lead a bearer to another host.

    Raises:
        ConfigurationError: A CA bundle that the environment names can't be used.
    """
    trust = _trust(environment)
    try:
        return httpx.AsyncClient(timeout=TIMEOUT, follow_redirects=False, verify=trust)
    except (ImportError, ValueError, httpx.InvalidURL) as error:
        raise ConfigurationError(
            "a proxy variable names a proxy that can't be used",
            hint="set HTTPS_PROXY and ALL_PROXY to an http:// proxy, or unset them",
        ) from error


def _trust(environment: Mapping[str, str]) -> ssl.SSLContext:
    """Trust what the environment names, all of it: one bundle may be AWS's, the other the tenant's."""
    # One file under several names is read once: it takes 18 ms.
    named = {environment[name]: name for name in CA_VARIABLES if environment.get(name)}
    if not named:
        # The system's store knows an organisation's own authorities; an image without one has certifi's.
        return ssl.create_default_context(cafile=None if _has_system_store() else certifi.where())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    for path, variable in named.items():
        try:
            context.load_verify_locations(cafile=str(Path(path).expanduser()))
        except (OSError, ssl.SSLError) as error:
            raise ConfigurationError(
                f"{variable} names no usable CA bundle", hint=f"unset {variable}, or correct it"
            ) from error
    return context


def certificate_refused(error: BaseException) -> bool:
    """Tell whether a call failed because the server's certificate isn't trusted."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return True
        cause = cause.__cause__ or cause.__context__
    return False


def _has_system_store() -> bool:
    paths = ssl.get_default_verify_paths()
    if paths.cafile:
        return True
    return bool(paths.capath) and any(Path(paths.capath).glob("*.0"))
