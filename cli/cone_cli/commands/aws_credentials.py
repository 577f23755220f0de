"""``cone aws credentials <profile>``: the ``credential_process`` of the AWS SDKs."""

import argparse
import os
from pathlib import Path

from cone_cli import terminal
from cone_cli.credential_process import await_leader, time_left_s
from cone_sidecar.warm_file import WarmEntry

EXAMPLE = "example: cone aws credentials production-admin"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("aws_profile", metavar="profile", help="the profile's name")


def run(args: argparse.Namespace) -> int:
    """Print the profile's credentials; returns the exit code."""
    from cone_cli.composition import run_async

    entry = WarmEntry(args.aws_profile, asked_with(args), getattr(args, "tenant_profile", ""))
    if not args.leading:
        exit_code = await_leader(entry)
        if exit_code is not None:
            return exit_code
    return run_async(_tell(args, entry))


def asked_with(args: argparse.Namespace) -> dict[str, str]:
    """Return the environment with what flags say over it: they tell another answer's place as well."""
    flags = {
        "CONE_CLIENT_ID": getattr(args, "client_id", ""),
        "CONE_CLIENT_SECRET": getattr(args, "client_secret", ""),
        "CONE_API_ENDPOINT": getattr(args, "api_endpoint", ""),
    }
    return dict(os.environ) | {name: value for name, value in flags.items() if value}


async def _tell(args: argparse.Namespace, entry: WarmEntry) -> int:
    from cone_cli.composition import open_connections
    from cone_cli.narration import Narrator
    from cone_cli.terminal import Teletype
    from cone_sidecar.aws_config.profiles import find_profile
    from cone_sidecar.broker import AccessBroker
    from cone_sidecar.clock import SystemClock
    from cone_sidecar.domain.access import Phase
    from cone_sidecar.errors import ConeError
    from cone_sidecar.events import Broadcast
    from cone_sidecar.flight import Patience
    from cone_sidecar.store import FileStore, credential_process_document

    teletype = Teletype()
    narrator = Narrator(teletype)
    name = args.aws_profile
    # With a terminal, a person is there to sign in; without one, the link is all that can be done.
    persons = frozenset({Phase.SIGN_IN_REQUIRED}) if teletype.there else frozenset()
    try:
        profile = find_profile(name, os.environ)
        async with open_connections(args, source="cone:aws:credentials") as connections:
            broker = AccessBroker(
                connections=connections,
                store=FileStore(lambda _: entry),
                clock=SystemClock(),
                events=Broadcast(narrator.hear),
            )
            try:
                held = await broker.obtain(profile, Patience(time_left_s(), persons))
            finally:
                await broker.close()
    except ConeError as error:
        text = narrator.conclude(name, error)
        _leave_word(entry, error.exit_code, text)
        return error.exit_code
    terminal.put(credential_process_document(held))
    return 0


def _leave_word(entry: WarmEntry, exit_code: int, text: str) -> None:
    """Tell the processes that wait for this one how it ended, so that they needn't find out again."""
    from cone_sidecar.atomic_file import write_atomically

    content = entry.outcome_content(exit_code, text + "\n").encode("utf-8", "surrogateescape")
    try:
        write_atomically(Path(entry.outcome_path), content, mode=0o600)
    except OSError:
        return
