"""``cone aws forget``: drop what is kept of a profile's access, here and in the running sidecar."""

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from cone_cli import terminal

if TYPE_CHECKING:
    from collections.abc import Collection

EXAMPLE = "example: cone aws forget production-admin"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("aws_profiles", metavar="profile", nargs="+", help="a profile's name")


def run(args: argparse.Namespace) -> int:
    """Forget; returns the exit code."""
    from cone_cli.commands.aws_credentials import asked_with
    from cone_cli.sidecar_client import SidecarClient
    from cone_sidecar.warm_file import WarmEntry

    environment, tenant = asked_with(args), getattr(args, "tenant_profile", "")
    sidecar = SidecarClient.running(environment, tenant)
    served = sidecar.views() if sidecar else {}
    files = {
        name: _files_of(WarmEntry(name, environment, tenant))
        for name in dict.fromkeys(args.aws_profiles)
    }
    _require_known([name for name, kept in files.items() if not kept], served)
    for name, kept in files.items():
        for path in kept:
            path.unlink(missing_ok=True)
        if sidecar and name in served:
            sidecar.command(name, "forget")
        was_kept = kept or served.get(name, {}).get("state", "unknown") != "unknown"
        terminal.note(f'{"forgot" if was_kept else "nothing was kept of"} "{name}"')
    terminal.note("credentials that programs hold stay valid until they end")
    return 0


def _files_of(entry: "WarmEntry") -> list[Path]:
    """Return the files there are: credentials, what a failed process left word of, the mark of a grant."""
    paths = (entry.credentials_path, entry.outcome_path, entry.granted_path)
    return [path for path in map(Path, paths) if path.exists()]


def _require_known(names: "Collection[str]", served: "Collection[str]") -> None:
    """Look whether there are such profiles; without any, whatever has a name may have been one."""
    from cone_cli.known_profiles import configured_profiles
    from cone_sidecar.domain.profile import RequestTerms
