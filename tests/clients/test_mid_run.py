"""Credentials that end while a client is at work are replaced before it notices."""

import contextlib
import time

import pytest

from clients.all_clients import CLIENTS
from clients.cell import Cell, works
from clients.refusal import scenario
from clients.world import GRANTED_PROFILE, World

# The sidecar gives out nothing that has less than a minute left.
LIFE_S = 72
CALLS, PAUSE_S = 11, 8.0
LIMIT_S = 150
LOOK_EVERY_S = 1.0
ONE_CALL = "one call a process"


@pytest.fixture(name="ended", scope="module")
def _ended():
    """Let all clients work at the same time, beyond the end of what they were given first."""
    working = [client for client in CLIENTS if client.repeats and not client.missing]
    with contextlib.ExitStack() as kept:
        world = kept.enter_context(World())
        world.open(f"{scenario(())}lifetimes: {{role_credentials: {LIFE_S}s}}\n")
        environment = world.sidecar_environment(GRANTED_PROFILE)
        running = {
            client.name: kept.enter_context(
                world.begin(client, environment, calls=CALLS, pause_s=PAUSE_S)
            )
            for client in working
        }
        for _ in range(int(LIMIT_S / LOOK_EVERY_S)):
            if all(each.over for each in running.values()):
                break
            # Whoever checks signatures has to know all that was ever given out.
            world.given_out.look()
            time.sleep(LOOK_EVERY_S)
        yield {name: each.ended(0) for name, each in running.items()}


def test_no_call_fails(ended, seen, client):
    """A client that makes calls for longer than its first credentials last has them all answered."""
    if not client.repeats:
        seen(client, "mid-run", Cell(ONE_CALL))
    else:
        seen(client, "mid-run", works(client, "mid-run", ended[client.name], calls=CALLS))
