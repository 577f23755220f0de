"""docs/clients.md speaks of every client."""

from clients.all_clients import CLIENTS
from clients.page import MATRIX, said_to_be_missing, untitled


def test_each_client_has_a_row():
    """Whether it can be run here or not."""
    assert list(MATRIX.kept()) == [untitled(client.title) for client in CLIENTS]


def test_what_cannot_be_run_has_its_reason():
    """A client that there is no program of is named below the table."""
    assert all(said_to_be_missing(client) for client in CLIENTS if not client.command)


def test_names_are_unique():
    """Names are of tests and permission sets, titles of rows."""
    assert len({client.name for client in CLIENTS}) == len(CLIENTS)
    assert len({untitled(client.title) for client in CLIENTS}) == len(CLIENTS)
