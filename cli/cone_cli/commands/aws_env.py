"""``cone aws env <profile>``: what points an SDK at the running sidecar (sdk-contract §6)."""

import argparse
import os
import shlex

from cone_cli import terminal

EXAMPLE = 'example: eval "$(cone aws env production-admin)"'


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("aws_profile", metavar="profile", help="the profile's name")


def run(args: argparse.Namespace) -> int:
    """Print ``unset`` and ``export`` lines; returns the exit code."""
    from pathlib import Path

    from cone_cli.container_environment import container_environment, unset_beside
    from cone_cli.sidecar_client import SidecarClient
    from cone_sidecar.ascii_text import ascii_text
    from cone_sidecar.runtime import find
    from cone_sidecar.warm_file import state_directory

    access = SidecarClient(find(Path(state_directory(os.environ)))).access(args.aws_profile)
    exports = container_environment(access, os.environ)
    if access["slug"] != access["profile"]:
        terminal.put(f'# in URLs, "{ascii_text(access["profile"])}" is {access["slug"]}')
    terminal.put("unset " + " ".join(unset_beside(exports)))
    for name, value in exports.items():
        terminal.put(f"export {name}={shlex.quote(value)}")
    return 0
