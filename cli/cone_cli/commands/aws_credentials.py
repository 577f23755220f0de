"""``cone aws credentials <profile>``: the ``credential_process`` of the AWS SDKs."""

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from cone_cli import terminal
from cone_cli.asked_with import asked_with
from cone_cli.credential_process import answer_at_once, await_leader, time_taken_s
from cone_sidecar.cooldown import REFUSALS
from cone_sidecar.errors import ConfigurationError, NotRequestable, ProfileNotFound
from cone_sidecar.warm_file import WarmEntry

if TYPE_CHECKING:
    from collections.abc import Callable

    from cone_cli.access_options import WaitOptions
    from cone_sidecar.domain.access import Transition
    from cone_sidecar.errors import ConeError

# These are the answer for as long: asking again at once would only pester the approvers.
SHARED = (*REFUSALS, NotRequestable)
SHARED_LASTS_S = 15.0
EXAMPLE = "example: cone aws credentials production-admin"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    from cone_cli.access_options import add_access_options

    add_access_options(parser)


def run(args: argparse.Namespace) -> int:
    """Print the profile's credentials; returns the exit code."""
    from cone_cli.access_options import wait_from
    from cone_cli.composition import run_async

    tenant = getattr(args, "tenant_profile", "")
    environment = asked_with(args)
    entry = WarmEntry(args.aws_profile, environment, tenant)
    wait, started = wait_from(args), time_taken_s()
    if not args.leading:
        anew = says_how_to_ask(args)
        if args.no_wait or args.no_request:
            # Whoever waits for nothing doesn't wait for another process either.
            exit_code = answer_at_once(entry, anew=anew)
        else:
            exit_code = await_leader(args.aws_profile, entry, wait.limit_s, anew=anew)
        if exit_code is not None:
            return exit_code
        wait = wait.from_now(time_taken_s() - started)
    if document := _from_sidecar(args.aws_profile, environment, tenant):
        terminal.put(document)
        return 0
    return run_async(_tell(args, entry, wait))


def says_how_to_ask(args: argparse.Namespace) -> bool:
    """Tell whether a person words a request of their own, which an older answer is none to."""
    return bool(args.justification or args.duration or args.emergency or args.wait or args.wait_for)


def _from_sidecar(profile: str, environment: dict[str, str], tenant: str) -> str | None:
    """Ask the running sidecar, if there is one: what it has is there at once."""
    from cone_sidecar.runtime import is_announced
    from cone_sidecar.warm_file import state_directory

    if not is_announced(Path(state_directory(environment))):
        return None
    from cone_cli.sidecar_client import SidecarClient

    sidecar = SidecarClient.running(environment, tenant)
    return sidecar.credentials(profile) if sidecar else None


async def _tell(args: argparse.Namespace, entry: WarmEntry, wait: "WaitOptions") -> int:
    from cone_cli.asked_access import asked_profile
    from cone_cli.caller_patience import caller_patience
    from cone_cli.composition import access_settings, open_broker
    from cone_cli.narration import Narrator
    from cone_cli.terminal import Teletype
    from cone_sidecar.errors import ConeError
    from cone_sidecar.store import credential_process_document

    teletype = Teletype()
    narrator = Narrator(teletype)
    name = args.aws_profile
    try:
        settings = access_settings(os.environ)
        profile = asked_profile(args, settings)
        if wait.for_people:
            narrator = Narrator(teletype, waiting_for=profile)
        listeners = [narrator.hear, *([_stepping_down(entry)] if wait.for_people else [])]
        async with open_broker(
            args, settings, lambda _: entry, source="cone:aws:credentials", listeners=listeners
        ) as broker:
            held = await broker.obtain(profile, caller_patience(wait, teletype))
    except ConeError as error:
        text = narrator.conclude(name, error)
        if isinstance(error, ProfileNotFound):
            entry.discard()
        elif not (args.no_request or args.no_wait or isinstance(error, ConfigurationError)):
            _leave_word(entry, error, text)
        return error.exit_code
    terminal.put(credential_process_document(held))
    return 0


def _stepping_down(entry: WarmEntry) -> "Callable[[Transition], None]":
    """Let others ask once the request exists: they find it, instead of waiting as long as we do."""
    from cone_sidecar.domain.access import WAITS_FOR_A_PERSON, Cause

    requested = {Cause.SUBMITTED, Cause.ADOPTED, Cause.LOOKED}

    def hear(event: "Transition") -> None:
        if event.state.phase in WAITS_FOR_A_PERSON or event.cause in requested:
            entry.step_down()

    return hear


def _leave_word(entry: WarmEntry, error: "ConeError", text: str) -> None:
    """Tell the processes that wait for this one how it ended, so that they needn't find out again."""
    from cone_sidecar.atomic_file import write_atomically

    refused = isinstance(error, SHARED)
    content = entry.outcome_content(error.exit_code, text + "\n", SHARED_LASTS_S if refused else 0)
    try:
        write_atomically(
            Path(entry.outcome_path), content.encode("utf-8", "surrogateescape"), mode=0o600
        )
    except OSError:
        return
