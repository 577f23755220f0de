"""``cone aws setup show``: the saved AWS settings."""

import argparse
import os

from cone_cli import terminal

EXAMPLE = "example: cone aws setup show"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add nothing: the command has no arguments of its own."""
    del parser


def run(args: argparse.Namespace) -> int:
    """Print what ``cone aws setup`` remembers; returns the exit code."""
    from cone_cli.sso_session import tenant_name
    from cone_sidecar.cone_config import ConeConfig

    config = ConeConfig.load(os.environ)
    settings = config.aws_settings(tenant_name(args, os.environ, config))
    if not settings.sso_url:
        terminal.put(
            "WARNING  No AWS SSO configuration found. Run 'cone aws setup --sso-url <url>' first."
        )
        return 0
    terminal.put(terminal.printable(f"SSO URL:        {settings.sso_url}"))
    terminal.put(terminal.printable(f"SSO Region:     {settings.sso_region}"))
    terminal.put(terminal.printable(f"Default Region: {settings.region}"))
    if settings.profile_template:
        terminal.put(terminal.printable(f"Profile Template: {settings.profile_template}"))
    return 0
