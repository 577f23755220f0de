"""Servers of other people that speak the same protocol, each where it is installed."""

import contextlib
import secrets
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

from endpoint import HOST, Endpoint, request_for
from figures import Comparison, compare
from measure import free_port, running, wait_until_answering
from report import Row

from cone_cli.stage import Stage

# In an environment of its own: newer versions of boto3 than of 2023 break it.
EXPORT_CREDENTIALS = Path(__file__).parent.parent / ".venv-peers" / "bin" / "aws-export-credentials"
# As long as a role's, so that both send the same; with a session token STS isn't asked.
CREDENTIALS = f"""\
[default]
aws_access_key_id = ASIA0123456789ABCDEF
aws_secret_access_key = {"s" * 40}
aws_session_token = {"t" * 400}
"""
CONNECTIONS = (1, 16)
REQUESTS = 1_000
RUNS = 3
FASTER = 1.0


def against_peers(stage: Stage, ours: Endpoint) -> Iterator[Row]:
    """Compare with each peer that is here.

    ``aws-vault exec --ecs-server`` isn't among them: it refuses ``--no-session``, and so wants AWS's STS.
    """
    if not EXPORT_CREDENTIALS.exists():
        return
    with _export_credentials(stage) as peer:
        for connections in CONNECTIONS:
            yield from _rows(ours, peer, connections)


def _rows(ours: Endpoint, peer: Endpoint, connections: int) -> Iterator[Row]:
    theirs = partial(peer.new_connections, REQUESTS, connections)
    # As an SDK's pool does: the peer closes after each answer.
    pooled = compare(partial(ours.keep_alive, REQUESTS, connections), theirs, RUNS)
    yield replace(
        _row(f"{connections} at a time, connections kept where the server keeps them", pooled),
        target=f"≥ {FASTER:.0f} ×",
        met=pooled.ratio >= FASTER,
    )
    # A blocking server has less to do for a connection, and is full with a few of them: no target.
    anew = compare(partial(ours.new_connections, REQUESTS, connections), theirs, RUNS)
    yield _row(f"{connections} at a time, new for each request", anew)


def _row(how: str, found: Comparison) -> Row:
    return Row(
        f"credentials from memory, {how}",
        str(found.ours),
        f"`{EXPORT_CREDENTIALS.name} --container` {found.theirs}",
        f"{found.ratio:.1f} ×",
    )


@contextlib.contextmanager
def _export_credentials(stage: Stage) -> Iterator[Endpoint]:
    home = stage.home / "peer"
    (home / ".aws").mkdir(parents=True)
    (home / ".aws" / "credentials").write_text(CREDENTIALS, encoding="ascii")
    port, token = free_port(), secrets.token_urlsafe()
    address = f"{HOST}:{port}"
    request = request_for("/creds", address, token)
    command = [str(EXPORT_CREDENTIALS), "--container", address, token]
    with running(command, {"HOME": str(home), "AWS_EC2_METADATA_DISABLED": "true"}):
        wait_until_answering(port, request.encode())
        yield Endpoint(port, request)
