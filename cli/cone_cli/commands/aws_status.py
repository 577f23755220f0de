"""``cone aws status``: how the access of all profiles stands."""

import argparse
import asyncio
from typing import TYPE_CHECKING

from cone_cli import terminal
from cone_cli.output import add_output_option

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cone_cli.access_survey import AccessSurvey
    from cone_cli.known_profiles import KnownProfiles
    from cone_cli.sidecar_client import View

EXAMPLE = "example: cone aws status production-admin"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "aws_profiles", metavar="profile", nargs="*", help="a profile's name; all when absent"
    )
    add_output_option(parser)


def run(args: argparse.Namespace) -> int:
    """Print how profiles stand; returns the exit code."""
    from cone_cli.composition import run_async

    return run_async(_status(args))


async def _status(args: argparse.Namespace) -> int:
    from cone_cli.access_exit import worst
    from cone_cli.access_survey import profile_survey
    from cone_cli.access_table import put_status
    from cone_cli.asked_with import asked_with
    from cone_cli.composition import access_settings, open_connections
    from cone_cli.known_profiles import configured_profiles, known_profiles
    from cone_cli.sidecar_client import SidecarClient, running_views
    from cone_sidecar.clock import SystemClock
    from cone_sidecar.errors import ConeError, ConfigurationError

    environment, tenant = asked_with(args), getattr(args, "tenant_profile", "")
    terms, clock = access_settings(environment).terms, SystemClock()
    sidecar = await asyncio.to_thread(running_views, environment, tenant)
    async with open_connections(args, source="cone:aws:status") as connections:
        try:
            if sidecar:
                known = configured_profiles(environment, terms)
            else:
                known = await known_profiles(connections, environment, terms)
        except ConfigurationError:
            # A sidecar that is told by a file of its own knows better what there is to do.
            if client := await asyncio.to_thread(SidecarClient.running, environment, tenant):
                await asyncio.to_thread(client.views)
            raise
        survey = profile_survey(connections, environment, tenant, clock)
        views = await _views(args.aws_profiles, known, sidecar[1] if sidecar else {}, survey)
    put_status(args.output, views, clock.now())
    unusable = [known.entries.get(name) for name in views]
    for error in (*unusable, *survey.errors):
        if isinstance(error, ConeError):
            terminal.fail(error)
    return worst(error.exit_code for error in survey.errors)


async def _views(
    names: "Sequence[str]",
    known: "KnownProfiles",
    served: "Mapping[str, View]",
    survey: "AccessSurvey",
) -> "dict[str, View]":
    """Return how the profiles stand; what the sidecar has no story of is looked for as without it.

    Raises:
        ProfileNotFound: There is none of a name.
    """
    from cone_cli.known_profiles import UNUSABLE
    from cone_sidecar.domain.access import Phase
    from cone_sidecar.errors import ConfigurationError
    from cone_sidecar.web.status_view import error_view

    views = {name: served.get(name, {}) for name in names or [*known.entries, *served]}
    untold = []
    for name, view in views.items():
        if view.get("state", Phase.UNKNOWN) != Phase.UNKNOWN:
            continue
        try:
            untold.append(known.profile(name))
        except ConfigurationError as error:
            if not view and name not in known.entries:
                raise
            views[name] = view or {"state": UNUSABLE, "error": error_view(error)}
    return views | await survey.views(untold)
