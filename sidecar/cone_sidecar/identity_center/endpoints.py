"""The URLs of Identity Center's two services: overrides first, then what botocore resolves, cached.

botocore knows every partition, FIPS and dual stack, so nothing is built from strings here. Importing it
costs a quarter of a second and 25 MiB, so it resolves in a short-lived process of its own.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cone_sidecar.atomic_file import write_atomically
from cone_sidecar.child_process import ChildFailed, run_module
from cone_sidecar.errors import ConfigurationError
from cone_sidecar.warm_file import aws_config_path

BOTOCORE_ENDPOINTS = "cone_sidecar.identity_center.botocore_endpoints"
# What botocore goes by besides region and profile (AWS SDKs and Tools reference).
ENDPOINT_VARIABLES = (
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_SSO",
    "AWS_ENDPOINT_URL_SSO_OIDC",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_USE_FIPS_ENDPOINT",
    "AWS_USE_DUALSTACK_ENDPOINT",
    "AWS_CONFIG_FILE",
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
)


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Base URLs without a slash at the end."""

    oidc: str
    portal: str


class EndpointResolver:
    """Find the endpoints of a region, as botocore would with the same environment and config file."""

    def __init__(self, cache_directory: Path, environment: Mapping[str, str]) -> None:
        self._cache_directory = cache_directory
        self._environment = dict(environment)

    async def resolve(self, region: str) -> Endpoints:
        """Return the endpoints of ``region``.

        Raises:
            ConfigurationError: There is no such region, or an override is no URL.
        """
        if overridden := self._overridden():
            return overridden
        path = self._cache_directory / f"endpoints-{self._key(region)}.json"
        if kept := _load(path):
            return kept
        resolved = await self._ask_botocore(region)
        _save(path, resolved)
        return resolved

    def _overridden(self) -> Endpoints | None:
        environment = self._environment
        if environment.get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "").lower() == "true":
            return None
        general = environment.get("AWS_ENDPOINT_URL", "")
        oidc = environment.get("AWS_ENDPOINT_URL_SSO_OIDC") or general
        portal = environment.get("AWS_ENDPOINT_URL_SSO") or general
        if not (oidc and portal):
            return None
        for url in (oidc, portal):
            if not url.startswith(("http://", "https://")):
                raise ConfigurationError(
                    "an AWS_ENDPOINT_URL… variable is no http(s) URL",
                    hint="unset AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_SSO and AWS_ENDPOINT_URL_SSO_OIDC",
                )
        return Endpoints(oidc.rstrip("/"), portal.rstrip("/"))

    def _key(self, region: str) -> str:
        """Name what the answer depends on; the config file only where it speaks of endpoints."""
        values = [region, *(self._environment.get(name, "") for name in ENDPOINT_VARIABLES)]
        try:
            content = Path(aws_config_path(self._environment)).read_bytes()
        except OSError:
            content = b""
        if any(word in content for word in (b"endpoint", b"fips", b"dualstack")):
            values.append(hashlib.sha256(content).hexdigest())
        return hashlib.sha256("\0".join(values).encode()).hexdigest()[:32]

    async def _ask_botocore(self, region: str) -> Endpoints:
        environment = self._environment | {"AWS_CONFIG_FILE": aws_config_path(self._environment)}
        try:
            output = await run_module(BOTOCORE_ENDPOINTS, region, environment=environment)
        except ChildFailed:
            output = b""
        if resolved := _parse(output):
            return resolved
        raise ConfigurationError(
            f'AWS has no IAM Identity Center in region "{_printable(region)}"',
            hint="cone aws setup --sso-region <region>, as in us-east-1",
        )


def _parse(data: bytes) -> Endpoints | None:
    try:
        kept = json.loads(data)
        return Endpoints(oidc=str(kept["oidc"]), portal=str(kept["portal"]))
    except (ValueError, KeyError, TypeError):
        return None


def _load(path: Path) -> Endpoints | None:
    try:
        return _parse(path.read_bytes())
    except OSError:
        return None


def _save(path: Path, endpoints: Endpoints) -> None:
    kept = json.dumps({"oidc": endpoints.oidc, "portal": endpoints.portal})
    try:
        write_atomically(path, kept.encode())
    except OSError:
        # A cache that can't be written only costs time.
        return


def _printable(text: str) -> str:
    return "".join(character if character.isprintable() else "?" for character in text[:40])
