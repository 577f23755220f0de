"""Whether the sidecar of this machine, if one runs, is the one that is asked, and serves a profile."""

from collections.abc import Mapping
from pathlib import Path

from cone_cli.doctor.endpoint_address import EndpointAddress, full_address
from cone_cli.doctor.endpoint_address_check import env_command
from cone_cli.doctor.finding import Finding, Level
from cone_cli.sidecar_client import SidecarClient, View
from cone_sidecar.domain.access import Phase
from cone_sidecar.errors import ConeError, ConfigurationError, Unreachable
from cone_sidecar.runtime import find
from cone_sidecar.warm_file import state_directory


def check_asked(environment: Mapping[str, str], address: EndpointAddress) -> list[Finding]:
    """Return the finding that a sidecar of the same user listens somewhere else than is asked."""
    try:
        url = find(Path(state_directory(environment))).credentials_url
    except Unreachable:
        return []
    except ConfigurationError as error:
        return [_hidden(error)]
    own = full_address(url)
    if own is None or (own.host, own.port) == (address.host, address.port):
        return []
    what = f"your sidecar listens at {own.origin}, and the variables name {address.origin}"
    return [Finding("running-sidecar", Level.WARN, what, env_command(address))]


def check_served(environment: Mapping[str, str], tenant: str, profile: str) -> Finding:
    """Return whether a sidecar runs with the same settings, and serves ``profile``."""
    try:
        sidecar = SidecarClient.running(environment, tenant)
    except ConfigurationError as error:
        return _hidden(error)
    if sidecar is None and (other := _of_other_settings(environment)):
        return other
    if sidecar is None:
        return Finding(
            "running-sidecar",
            Level.INFO,
            "no sidecar runs with these settings; credential_process needs none",
            "for containers and other clients: cone serve",
        )
    try:
        view = sidecar.views().get(profile)
    except ConeError as error:
        what = f"the running sidecar serves nothing yet: {error.message}"
        return Finding("running-sidecar", Level.WARN, what, error.hint)
    if view is None:
        return Finding(
            "running-sidecar",
            Level.WARN,
            "the running sidecar doesn't know the profile",
            "cone aws setup",
        )
    return Finding(
        "running-sidecar",
        Level.OK,
        f"the running sidecar has the profile: {_state(view)}",
    )


def _state(view: View) -> str:
    state = view.get("state", Phase.UNKNOWN)
    return "nobody has asked for it yet" if state == Phase.UNKNOWN else str(state)


def _of_other_settings(environment: Mapping[str, str]) -> Finding | None:
    """Return the finding that a sidecar runs which these commands don't ask."""
    try:
        other = find(Path(state_directory(environment)))
    except Unreachable:
        return None
    what = "a sidecar runs with other settings than these: another tenant, login or config file"
    fix = f"kill {other.pid}, and then, with these: cone serve"
    return Finding("running-sidecar", Level.WARN, what, fix, other.credentials_url)


def _hidden(error: ConeError) -> Finding:
    """Return the finding that nobody but another user can tell whether a sidecar runs."""
    return Finding("running-sidecar", Level.WARN, error.message, error.hint)
