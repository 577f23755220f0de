"""``cone aws request``: ask for access to profiles, several at once if that is wanted."""

import argparse
import asyncio
from typing import TYPE_CHECKING

from cone_cli.output import add_output_option

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cone_cli.access_options import WaitOptions
    from cone_cli.sidecar_client import View

EXAMPLE = 'example: cone aws request staging-admin production-admin -j "incident 42"'


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    from cone_cli.access_options import add_terms_options, add_wait_options

    parser.add_argument("aws_profiles", metavar="profile", nargs="+", help="a profile's name")
    add_wait_options(parser, short=True)
    add_terms_options(parser)
    add_output_option(parser)


def run(args: argparse.Namespace) -> int:
    """Ask, and print how the requests stand; returns the exit code."""
    from cone_cli.access_exit import worst_of
    from cone_cli.access_options import terms_from, wait_from
    from cone_cli.access_table import put_requested
    from cone_cli.composition import run_async
    from cone_sidecar.domain.profile import RequestTerms

    # What is put wrongly is refused before anything is asked for.
    terms_from(args, RequestTerms())
    views = run_async(_request(args, wait_from(args)))
    put_requested(args.output, views)
    return worst_of(views.values())


async def _request(args: argparse.Namespace, wait: "WaitOptions") -> "Mapping[str, View]":
    """Ask through the running sidecar, which goes on watching; else in this process."""
    from cone_cli.access_options import said_terms
    from cone_cli.asked_with import asked_with
    from cone_cli.caller_patience import caller_patience
    from cone_cli.own_requests import request_here
    from cone_cli.sidecar_client import running_views
    from cone_cli.sidecar_requests import SidecarRequests
    from cone_cli.terminal import Teletype
    from cone_sidecar.clock import SystemClock

    names = list(dict.fromkeys(args.aws_profiles))
    environment = asked_with(args)
    running = await asyncio.to_thread(
        running_views, environment, getattr(args, "tenant_profile", "")
    )
    if running is None:
        return await request_here(args, names, wait)
    sidecar, served = running
    _require_known(names, served, environment)
    requests = SidecarRequests(sidecar, SystemClock())
    wanted = {name: served[name] for name in names}
    return await requests.request(wanted, said_terms(args), caller_patience(wait, Teletype()))


def _require_known(
    names: "Sequence[str]", served: "Mapping[str, View]", environment: "Mapping[str, str]"
) -> None:
    """Refuse what the sidecar doesn't serve, with what is wrong with it.

    Raises:
        ProfileNotFound: There is none of a name.
        ProfileIncomplete: One lacks a key.
        ConfigurationError: A value of one has no meaning.
    """
    from cone_cli.known_profiles import configured_profiles
    from cone_sidecar.aws_config.profiles import profile_not_found
    from cone_sidecar.domain.profile import RequestTerms

    for name in names:
        if name not in served:
            configured = configured_profiles(environment, RequestTerms())
            if configured.entries:
                configured.profile(name)
            raise profile_not_found(name, list(served), "the running sidecar")
