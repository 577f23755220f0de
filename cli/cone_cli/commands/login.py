"""``cone login <tenant>``: log in, and keep client id and secret."""

import argparse
import os

from cone_cli import terminal
from cone_cli.browser import open_browser

EXAMPLE = "example: cone login acme"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "tenant", help="name or host of the tenant: acme, acme.conductor.one, a URL"
    )


def run(args: argparse.Namespace) -> int:
    """Log in; returns the exit code."""
    from cone_cli.composition import run_async

    return run_async(_log_in(args))


async def _log_in(args: argparse.Namespace) -> int:
    from cone_sidecar.clock import SystemClock
    from cone_sidecar.conductorone.device_login import log_in
    from cone_sidecar.conductorone.host import client_id_host, login_host
    from cone_sidecar.cone_config import ConeConfig
    from cone_sidecar.domain.device_authorization import DeviceAuthorization
    from cone_sidecar.errors import Unreachable
    from cone_sidecar.http_client import new_http_client

    environment = dict(os.environ)
    insecure = frozenset(environment.get("CONE_INSECURE_HOSTS", "").split())
    host = login_host(args.tenant, insecure_hosts=insecure)
    # Read first: a file that can't be read must not cost the person a login.
    config = ConeConfig.load(environment)

    def show(authorization: DeviceAuthorization) -> None:
        if open_browser(authorization.verification_uri_complete):
            terminal.say("Attempting to open the device authorization page in your browser.")
        terminal.say(
            "If your browser does not open or you wish to use a different device to authorize "
            "this request, visit the following:"
        )
        terminal.say(f"\n{authorization.verification_uri_complete}\n")
        terminal.say("And verify the code in the browser matches the code below:")
        terminal.say(f"\n{authorization.user_code}\n")

    async with new_http_client(environment) as client:
        try:
            personal = await log_in(client, host, SystemClock(), show=show)
        except Unreachable as error:
            if host.scheme == "https" and args.tenant.lower().startswith("http://"):
                error.hint = (
                    f"plain http is for a simulator: export CONE_INSECURE_HOSTS={host.name}"
                )
            raise
    profile = (
        getattr(args, "tenant_profile", "")
        or environment.get("CONE_PROFILE", "")
        or config.default_profile
        or "default"
    )
    path = config.save_client(profile, personal.client_id, personal.client_secret)
    terminal.say(f"SUCCESS  Config written to {path}")
    if client_id_host(personal.client_id).base_url != host.base_url:
        # Only the client id is saved, and the original finds its tenant by that alone.
        terminal.note(f"the tenant is found by: export CONE_API_ENDPOINT={host.base_url}")
    return 0
