"""``cone healthcheck``: whether the sidecar of this machine or container answers."""

import argparse
import os
from pathlib import Path

from cone_cli import terminal
from cone_sidecar.errors import Unreachable

EXAMPLE = "example: cone healthcheck && echo alive"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments: there are none."""
    del parser


def run(args: argparse.Namespace) -> int:
    """Ask the running sidecar once whether it lives; returns the exit code.

    Container engines know 0 and 1 alone, so every "no" is 1 here.
    """
    del args
    from cone_sidecar.runtime import find
    from cone_sidecar.warm_file import state_directory

    try:
        _ask(find(Path(state_directory(os.environ))).management_url)
    except Unreachable as error:
        terminal.fail(error)
        return 1
    return 0


def _ask(management_url: str) -> None:
    """Get ``/livez`` within two seconds.

    Raises:
        Unreachable: Nobody answers, or not with 200.
    """
    from cone_cli.liveness import HTTP_OK, status

    hint = "look at its log, restart it"
    try:
        answered = status(management_url)
    except (OSError, ValueError):
        raise Unreachable(f"the sidecar at {management_url} doesn't answer", hint=hint) from None
    if answered != HTTP_OK:
        message = f"the sidecar at {management_url} answers {answered}"
        raise Unreachable(message, status=answered, hint=hint)
