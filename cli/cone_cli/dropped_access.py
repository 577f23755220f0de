"""What is kept of access that a person gives back: nothing, here and in the running sidecar."""

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from cone_cli.known_profiles import configured_profiles
from cone_cli.sidecar_client import SidecarClient
from cone_sidecar.domain.profile import EntitlementRef, Profile, RequestTerms
from cone_sidecar.errors import ConeError, ConfigurationError, SidecarRefusal
from cone_sidecar.warm_file import WarmEntry


def forget_dropped(environment: Mapping[str, str], tenant: str, ref: EntitlementRef) -> None:
    """Delete the credentials of every profile with the entitlement, and let the sidecar do so too."""
    sidecar = SidecarClient.running(environment, tenant)
    for profile in _profiles_of(environment, ref):
        # A profile is asked for with the tenant's name or without.
        for entry in (WarmEntry(profile, environment, name) for name in {tenant, ""}):
            for path in (entry.credentials_path, entry.granted_path):
                with contextlib.suppress(OSError):
                    Path(path).unlink(missing_ok=True)
        if sidecar is None:
            continue
        try:
            sidecar.command(profile, "forget")
        except SidecarRefusal:
            continue
        except ConeError:
            # It doesn't answer: it looks at the grant itself before long.
            sidecar = None


def _profiles_of(environment: Mapping[str, str], ref: EntitlementRef) -> Iterator[str]:
    try:
        entries = configured_profiles(environment, RequestTerms()).entries
    except ConfigurationError:
        return
    for name, found in entries.items():
        if isinstance(found, Profile) and found.entitlement == ref:
            yield name
