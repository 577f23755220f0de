"""``cone aws login``: sign in to IAM Identity Center."""

import argparse
import os
from typing import TYPE_CHECKING

from cone_cli import terminal

if TYPE_CHECKING:
    from cone_sidecar.identity_center.instance import IdentityCenterInstance

EXAMPLE = "example: cone aws login"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "--sso-session", metavar="NAME", help="the session of the AWS config file (cone-sso)"
    )
    parser.add_argument("--no-browser", action="store_true", help="only show the link")
    parser.add_argument("--force", action="store_true", help="sign in anew, signed in or not")


def run(args: argparse.Namespace) -> int:
    """Sign in; returns the exit code."""
    from cone_cli.composition import run_async

    return run_async(_login(args))


async def _login(args: argparse.Namespace) -> int:
    from cone_cli.composition import open_connections
    from cone_cli.sso_session import configured_session
    from cone_sidecar.clock import rfc3339
    from cone_sidecar.domain.ports import SessionEnded

    session = configured_session(args.sso_session or "", os.environ)
    async with open_connections(args, source="cone:aws:login") as connections:
        instance = connections.instance(session)
        if not args.force:
            try:
                token = await instance.checked_session_token()
            except SessionEnded:
                pass
            else:
                terminal.say(f"SUCCESS  Already signed in until {rfc3339(token.expires)}")
                return 0
        await _sign_in(instance, browser=not args.no_browser)
        token = await instance.session_token()
        terminal.say(f"SUCCESS  Signed in until {rfc3339(token.expires)}")
    return 0


async def _sign_in(instance: "IdentityCenterInstance", *, browser: bool) -> None:
    """Show the link, and wait for the person to confirm it; running programs share the session."""
    from cone_cli.browser import open_browser

    pending = await instance.begin_sign_in()
    if pending is None:
        return
    if browser:
        open_browser(pending.verification_uri_complete)
    terminal.say(f"Sign in to AWS at:\n{pending.verification_uri_complete}")
    terminal.say(f"and compare the code: {pending.user_code}")
    await instance.complete_sign_in()
