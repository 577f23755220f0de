"""Requests for access whose stories this process tells itself, all at the same time."""

import argparse
import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from cone_cli.access_exit import exit_code
from cone_cli.access_options import WaitOptions, said_terms, terms_from
from cone_cli.asked_with import asked_with
from cone_cli.caller_patience import caller_patience
from cone_cli.composition import (
    AccessSettings,
    access_settings,
    open_broker,
    open_connections,
    warm_entries,
)
from cone_cli.kept_terms import tell_kept_terms
from cone_cli.known_profiles import known_profiles
from cone_cli.request_narration import RequestNarration
from cone_cli.sidecar_client import View
from cone_cli.terminal import Teletype, note
from cone_sidecar.broker import AccessBroker
from cone_sidecar.domain.access import OPEN_TASK, SERVED
from cone_sidecar.domain.profile import Profile
from cone_sidecar.errors import ConeError
from cone_sidecar.patience import Patience
from cone_sidecar.warm_file import WarmEntry
from cone_sidecar.web.status_view import kept_state, profile_view

SOURCE = "cone:aws:request"
ALREADY = 'access to "{profile}" is there already: nothing was requested'


async def request_here(
    args: argparse.Namespace, names: Sequence[str], wait: WaitOptions
) -> dict[str, View]:
    """Ask for access to all of ``names``, and keep the credentials that come of it.

    Raises:
        ProfileNotFound: There is none of a name; nothing was asked for.
        ConeError: Profiles or settings can't be read; likewise.
    """
    teletype, environment = Teletype(), asked_with(args)
    settings = access_settings(environment)
    profiles = await _profiles(args, names, settings)
    said = said_terms(args)
    narration = RequestNarration(teletype, profiles, waiting=wait.for_people)
    entry = warm_entries(args)
    for name in names:
        _drop_outcome(entry(name))
    waits = caller_patience(wait, teletype)
    async with open_broker(
        args, settings, entry, source=SOURCE, listeners=[narration.hear]
    ) as broker:
        stories = (_request(broker, profile, waits, narration, said) for profile in profiles)
        return dict(zip(names, await asyncio.gather(*stories), strict=True))


def _drop_outcome(entry: WarmEntry) -> None:
    """Drop an older denial: it is no answer any more to the processes that come after this one."""
    Path(entry.outcome_path).unlink(missing_ok=True)


async def _profiles(
    args: argparse.Namespace, names: Sequence[str], settings: AccessSettings
) -> list[Profile]:
    async with open_connections(args, source=SOURCE) as connections:
        known = await known_profiles(connections, asked_with(args), settings.terms)
    profiles = [known.profile(name) for name in names]
    return [replace(profile, terms=terms_from(args, profile.terms)) for profile in profiles]


async def _request(
    broker: AccessBroker,
    profile: Profile,
    waits: Patience,
    narration: RequestNarration,
    said: Mapping[str, object],
) -> View:
    flight = broker.flight(profile)
    flight.request(profile.terms)
    try:
        held = await flight.obtain(waits)
    except ConeError as error:
        view = profile_view(profile, flight.state)
        if exit_code(view):
            narration.conclude(profile.name, error)
        if flight.state.adopted and flight.state.phase in OPEN_TASK:
            tell_kept_terms(profile.name, flight.state.task_number, said)
        return view
    # What was kept by another process is served without a story.
    state = flight.state if flight.state.phase in SERVED else kept_state(held)
    if not state.task_number:
        note(ALREADY.format(profile=profile.name))
    return profile_view(profile, state)
