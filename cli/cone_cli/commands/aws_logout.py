"""``cone aws logout``: end the session of IAM Identity Center, and forget what came of it."""

import argparse
import asyncio
import os
from pathlib import Path

from cone_cli import terminal

EXAMPLE = "example: cone aws logout"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "--sso-session", metavar="NAME", help="the session of the AWS config file (cone-sso)"
    )


def run(args: argparse.Namespace) -> int:
    """Sign out; returns the exit code."""
    from cone_cli.composition import run_async

    return run_async(_logout(args))


async def _logout(args: argparse.Namespace) -> int:
    from cone_cli.composition import open_connections
    from cone_cli.sso_session import configured_session

    session = configured_session(args.sso_session or "", os.environ)
    async with open_connections(args, source="cone:aws:logout") as connections:
        try:
            done = await connections.instance(session).sign_out()
        finally:
            _drop_kept_credentials(connections.state_directory)
    await asyncio.to_thread(_drop_sidecar_credentials, args)
    if done.failure:
        terminal.note(f"warning: {done.failure.message}")
        terminal.note("the session is forgotten here all the same; AWS ends it in its own time")
    if not done.was_signed_in:
        terminal.note(f"not signed in to AWS ({session.name})")
        return 0
    terminal.say(f"SUCCESS  Signed out of AWS ({session.name})")
    terminal.note("credentials that programs hold stay valid until they end")
    return 0


def _drop_kept_credentials(state_directory: Path) -> None:
    """Remove the role credentials of all profiles: another session's are fetched again."""
    for path in state_directory.glob("*.credentials"):
        path.unlink(missing_ok=True)


def _drop_sidecar_credentials(args: argparse.Namespace) -> None:
    """Let the running sidecar forget what it serves."""
    from cone_cli.asked_with import asked_with
    from cone_cli.sidecar_client import SidecarClient
    from cone_sidecar.errors import ConeError

    sidecar = SidecarClient.running(asked_with(args), getattr(args, "tenant_profile", ""))
    if sidecar is None:
        return
    try:
        for name, view in sidecar.views().items():
            if view.get("served"):
                sidecar.command(name, "forget")
    except ConeError as error:
        terminal.note(f"warning: {error.message}; it may go on serving what it has")
