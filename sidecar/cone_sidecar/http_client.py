"""The HTTP client of everything that we call: time limits, CA bundles, no redirects."""

import ssl
from collections.abc import Mapping
from pathlib import Path

import certifi
import httpx

from cone_sidecar.errors import ConfigurationError

TIMEOUT = httpx.Timeout(10.0, connect=5.0)
# The first that is set names the file; AWS's own variable wins, as in the AWS CLI.
CA_VARIABLES = ("AWS_CA_BUNDLE", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")


def new_http_client(environment: Mapping[str, str]) -> httpx.AsyncClient:
    """Make a client. It follows no redirect: one could lead a bearer to another host.

    Raises:
        ConfigurationError: A CA bundle that the environment names can't be used.
    """
    return httpx.AsyncClient(timeout=TIMEOUT, follow_redirects=False, verify=_trust(environment))


def _trust(environment: Mapping[str, str]) -> ssl.SSLContext:
    for variable in CA_VARIABLES:
        if name := environment.get(variable):
            try:
                return ssl.create_default_context(cafile=str(Path(name).expanduser()))
            except (OSError, ssl.SSLError) as error:
                raise ConfigurationError(
                    f"{variable} names no usable CA bundle", hint=f"unset {variable}, or correct it"
                ) from error
    # The system's store knows an organisation's own authorities; an image without one has certifi's.
    return ssl.create_default_context(cafile=None if _has_system_store() else certifi.where())


def _has_system_store() -> bool:
    paths = ssl.get_default_verify_paths()
    if paths.cafile:
        return True
    return bool(paths.capath) and any(Path(paths.capath).glob("*.0"))
