"""``cone aws list``: the profiles there are, filtered, with how their access stands."""

import argparse
import os
from typing import TYPE_CHECKING

from cone_cli import terminal
from cone_cli.output import add_output_option
from cone_cli.profile_patterns import chosen

if TYPE_CHECKING:
    from cone_cli.known_profiles import KnownProfiles
    from cone_cli.sidecar_client import View

EXAMPLE = "example: cone aws list 'production-*' --granted"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "patterns",
        metavar="pattern",
        nargs="*",
        help="names with * ? [] for what differs, or a part of names; all profiles when absent",
    )
    states = parser.add_mutually_exclusive_group()
    for name, meaning in (
        ("granted", "only profiles with access"),
        ("not-granted", "only profiles without access"),
        ("pending", "only profiles whose access is requested"),
    ):
        states.add_argument(
            f"--{name}", dest="wanted", action="store_const", const=name, help=meaning
        )
    asked = parser.add_mutually_exclusive_group()
    asked.add_argument("--offline", action="store_true", help="say what is known, asking nobody")
    asked.add_argument(
        "--names", action="store_true", help="only the names, one a line, asking nobody"
    )
    add_output_option(parser)
    parser.set_defaults(wanted="")


def run(args: argparse.Namespace) -> int:
    """Print the profiles; returns the exit code."""
    if args.names and not args.wanted:
        from cone_sidecar.aws_config.config_file import AwsConfigFile
        from cone_sidecar.aws_config.profiles import our_sections

        names = chosen(args.patterns, our_sections(AwsConfigFile.of(os.environ).read()))
        if names:
            terminal.put(terminal.printable("\n".join(names)))
        return 0
    from cone_cli.composition import run_async

    return run_async(_list(args))


async def _list(args: argparse.Namespace) -> int:
    from cone_cli.access_exit import worst
    from cone_cli.access_survey import profile_survey
    from cone_cli.access_table import put_catalogue
    from cone_cli.asked_with import asked_with
    from cone_cli.composition import access_settings, open_connections
    from cone_cli.known_profiles import configured_profiles
    from cone_sidecar.clock import SystemClock
    from cone_sidecar.domain.profile import Profile

    environment, clock = asked_with(args), SystemClock()
    known = configured_profiles(environment, access_settings(environment).terms)
    names = chosen(args.patterns, known.entries)
    profiles = [entry for name in names if isinstance(entry := known.entries[name], Profile)]
    async with open_connections(args, source="cone:aws:list") as connections:
        survey = profile_survey(
            connections, environment, getattr(args, "tenant_profile", ""), clock
        )
        offline = args.offline or args.names
        found = survey.kept(profiles) if offline else await survey.views(profiles)
    views = {name: _view(known, name, found.get(name)) for name in names}
    shown = {name: view for name, view in views.items() if _wanted(args.wanted, view)}
    if args.names:
        if shown:
            terminal.put(terminal.printable("\n".join(shown)))
        return 0
    put_catalogue(args.output, shown)
    if not known.entries:
        terminal.note(f"there are no profiles of cone's in {known.where}: cone aws setup")
    elif not shown:
        terminal.note(f"none of {len(known.entries)} profiles is meant")
    for error in survey.errors:
        terminal.fail(error)
    return worst(error.exit_code for error in survey.errors)


def _view(known: "KnownProfiles", name: str, found: "View | None") -> "View":
    """Return how a profile stands, with its place; one that can't be used says why."""
    from cone_cli.known_profiles import UNUSABLE
    from cone_sidecar.domain.profile import Profile
    from cone_sidecar.web.status_view import error_view

    entry = known.entries[name]
    if isinstance(entry, Profile):
        return {**(found or {}), "region": entry.region, "tenant": entry.tenant}
    return {"state": UNUSABLE, "error": error_view(entry)}


def _wanted(wanted: str, view: "View") -> bool:
    from cone_cli.access_exit import is_granted, is_pending

    granted = is_granted(view)
    tests = {"granted": granted, "not-granted": not granted, "pending": is_pending(view)}
    return tests.get(wanted, True)
