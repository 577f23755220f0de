"""``cone aws forget``: drop what is kept of a profile's access, here and in the running sidecar."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from cone_cli import terminal

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from cone_sidecar.warm_file import WarmEntry

EXAMPLE = "example: cone aws forget production-admin"
UNKNOWN = "unknown"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("aws_profiles", metavar="profile", nargs="+", help="a profile's name")


def run(args: argparse.Namespace) -> int:
    """Forget; returns the exit code."""
    from cone_cli.asked_with import asked_with
    from cone_cli.sidecar_client import SidecarClient, View
    from cone_sidecar.errors import ConeError
    from cone_sidecar.warm_file import WarmEntry

    environment, tenant = asked_with(args), getattr(args, "tenant_profile", "")
    entries = {
        name: WarmEntry(name, environment, tenant) for name in dict.fromkeys(args.aws_profiles)
    }
    kept = {name: _files_of(entry) for name, entry in entries.items()}
    sidecar = SidecarClient.running(environment, tenant)
    failure, served = None, dict[str, View]()
    try:
        served = sidecar.views() if sidecar else served
    except ConeError as error:
        # What lies in files is forgotten all the same.
        failure = error
    without = [name for name, entry in entries.items() if not _has_credentials(entry)]
    _require_known(without, served, environment)
    for name, files in kept.items():
        for path in files:
            path.unlink(missing_ok=True)
        told = served.get(name, {}).get("state", UNKNOWN) != UNKNOWN
        if sidecar and told:
            sidecar.command(name, "forget")
        terminal.note(f'{"forgot what was" if files or told else "nothing was"} kept of "{name}"')
    terminal.note("credentials that programs hold stay valid until they end")
    return terminal.fail(failure) if failure else 0


def _files_of(entry: "WarmEntry") -> list[Path]:
    """Return the files there are: credentials, the last outcome, the mark of a grant."""
    paths = (entry.credentials_path, entry.outcome_path, entry.granted_path)
    return [path for path in map(Path, paths) if path.exists()]


def _has_credentials(entry: "WarmEntry") -> bool:
    """Tell whether there ever was access: an outcome alone may be that there is no such profile."""
    return any(Path(path).exists() for path in (entry.credentials_path, entry.granted_path))


def _require_known(
    names: "Iterable[str]", served: "Collection[str]", environment: "Mapping[str, str]"
) -> None:
    """Refuse a name that is nobody's; where the tenant alone knows them, any may be right.

    Raises:
        ProfileNotFound: There is none of a name.
    """
    from cone_cli.known_profiles import configured_profiles
    from cone_sidecar.domain.profile import RequestTerms

    known = configured_profiles(environment, RequestTerms())
    for name in names:
        if known.entries and name not in known.entries and name not in served:
            raise known.not_found(name)
