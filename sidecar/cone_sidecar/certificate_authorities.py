"""Which certificate authorities we trust: the bundles that the environment names, else the system's."""

import ssl
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from cone_sidecar.errors import ConfigurationError

CA_VARIABLES = ("AWS_CA_BUNDLE", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")
# A bundle's path, and the variable that names it.
Bundles = tuple[tuple[str, str], ...]

_ahead: dict[Bundles, Future[ssl.SSLContext]] = {}


def load_ahead(environment: Mapping[str, str]) -> None:
    """Begin to load the authorities in a thread; the next :func:`trusted_authorities` finds them loaded.

    They take 18 ms, in which OpenSSL leaves the interpreter to others.
    """
    bundles = _bundles(environment)
    with_one = ThreadPoolExecutor(1, "certificate-authorities")
    _ahead[bundles] = with_one.submit(_load, bundles)
    with_one.shutdown(wait=False)


def trusted_authorities(environment: Mapping[str, str]) -> ssl.SSLContext:
    """Trust what the environment names, all of it: one bundle may be AWS's, the other the tenant's.

    Raises:
        ConfigurationError: A bundle can't be used.
    """
    bundles = _bundles(environment)
    loading = _ahead.pop(bundles, None)
    return loading.result() if loading else _load(bundles)


def _bundles(environment: Mapping[str, str]) -> Bundles:
    """Return the bundles that are named; one file under several names is read once."""
    named = {environment[name]: name for name in CA_VARIABLES if environment.get(name)}
    return tuple(named.items())


def _load(bundles: Bundles) -> ssl.SSLContext:
    if not bundles:
        # The system's store knows an organisation's own authorities; an image without one has certifi's.
        return ssl.create_default_context(cafile=None if _has_system_store() else _certifi())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    for path, variable in bundles:
        try:
            context.load_verify_locations(cafile=str(Path(path).expanduser()))
        except (OSError, ssl.SSLError) as error:
            raise ConfigurationError(
                f"{variable} names no usable CA bundle", hint=f"unset {variable}, or correct it"
            ) from error
    return context


def _has_system_store() -> bool:
    paths = ssl.get_default_verify_paths()
    if paths.cafile:
        return True
    return bool(paths.capath) and any(Path(paths.capath).glob("*.0"))


def _certifi() -> str:
    # Few machines have no store, and all others do without its import.
    import certifi  # noqa: PLC0415 -- as said above

    return certifi.where()
