"""``cone aws env <profile>``: what points an SDK at the running sidecar (sdk-contract §6)."""

import argparse
import os
from typing import TYPE_CHECKING

from cone_cli import terminal

if TYPE_CHECKING:
    from collections.abc import Mapping

EXAMPLE = 'example: eval "$(cone aws env production-admin)"'
COMPOSE = "compose"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    from cone_cli.shell_syntax import SYNTAXES

    parser.add_argument("aws_profile", metavar="profile", help="the profile's name")
    parser.add_argument(
        "--shell",
        choices=[*SYNTAXES, COMPOSE],
        default="bash",
        help="for whom: bash, zsh and sh (the default), fish, PowerShell, .env files, programs that read "
        "JSON (null is unset), or a Compose file, for which no sidecar has to run here",
    )


def run(args: argparse.Namespace) -> int:
    """Print what sets the variables, and unsets those that would win; returns the exit code."""
    if args.shell == COMPOSE:
        from cone_cli.compose_service import compose_document

        terminal.put(compose_document(_access_in_compose(args.aws_profile)))
        return 0
    from cone_cli.container_environment import container_environment, unset_beside
    from cone_cli.shell_syntax import COMMENTS, SYNTAXES
    from cone_sidecar.ascii_text import ascii_text

    access = _access(args.aws_profile)
    exports = container_environment(access, os.environ)
    text = SYNTAXES[args.shell](exports, unset_beside(exports))
    if access["slug"] != access["profile"] and args.shell in COMMENTS:
        text = f'# in URLs, "{ascii_text(access["profile"])}" is {access["slug"]}\n{text}'
    terminal.put(text)
    return 0


def _access(profile: str) -> "Mapping[str, str]":
    from pathlib import Path

    from cone_cli.sidecar_client import SidecarClient
    from cone_sidecar.runtime import find
    from cone_sidecar.warm_file import state_directory

    return SidecarClient(find(Path(state_directory(os.environ)))).access(profile)


def _access_in_compose(profile: str) -> "Mapping[str, str]":
    """Return what the sidecar says that runs here, else what one in a Compose file will be."""
    from cone_cli.compose_service import DEFAULT_URL
    from cone_sidecar.errors import Unreachable
    from cone_sidecar.profile_slugs import slug

    try:
        return _access(profile)
    except Unreachable:
        # Written on a laptop, for a sidecar that isn't there yet: it has a token, whatever that will be.
        region = _region(profile)
        return {"url": DEFAULT_URL, "slug": slug(profile), "region": region, "token": "made later"}


def _region(profile: str) -> str:
    """Return the region of the AWS config file's profile; one that isn't there is told of, and has none."""
    from cone_sidecar.aws_config.profiles import find_profile
    from cone_sidecar.errors import ConfigurationError, ProfileNotFound

    try:
        return find_profile(profile, os.environ).region
    except (ProfileNotFound, ConfigurationError) as error:
        # Another machine's sidecar may have what isn't known here.
        terminal.note(f"warning: {error.message}")
        terminal.note(f"hint: {error.hint}")
        return ""
