"""``cone healthcheck``: whether the sidecar of this machine or container answers."""

import argparse
import os
from pathlib import Path

from cone_cli import terminal
from cone_sidecar.errors import Unreachable

EXAMPLE = "example: cone healthcheck && echo alive"
LIMIT_S = 2.0
HTTP_OK = 200


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
    """Get ``/livez`` within two seconds; no proxy stands between a sidecar and its own container."""
    from http.client import HTTPConnection, HTTPException
    from urllib.parse import urlsplit

    address = urlsplit(management_url)
    connection = HTTPConnection(address.hostname or "", address.port, timeout=LIMIT_S)
    try:
        connection.request("GET", "/livez")
        status = connection.getresponse().status
    except (OSError, HTTPException):
        raise Unreachable(
            f"the sidecar at {management_url} doesn't answer", hint="look at its log, restart it"
        ) from None
    finally:
        connection.close()
    if status != HTTP_OK:
        raise Unreachable(
            f"the sidecar at {management_url} answers {status}",
            status=status,
            hint="look at its log, restart it",
        )
