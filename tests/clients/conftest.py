"""What the matrix shares: worlds, cells that are collected from all workers, and the page they go to."""

import os

import pytest

from clients import page
from clients.all_clients import CLIENTS
from clients.beside import Beside
from clients.own_network import why_not
from clients.refusal import scenario
from clients.world import World
from fakes.certificate import write_signed_certificate

WRITE = os.environ.get("MATRIX") == "write"
# Others are rows of the page with their reason: there is nothing to run.
RUN = [client for client in CLIENTS if client.command]
MISSING = {client.name: client.missing for client in RUN if client.missing}
CELLS = {}


def pytest_configure(config):
    """Name the mark of what ``make test`` leaves to ``make matrix``."""
    config.addinivalue_line("markers", "matrix: only in make matrix")


class Seen:
    """Note cells, and hold them to the page."""

    def __init__(self, note):
        self._note = note

    def __call__(self, client, column, cell):
        """Note a cell: it has to be right, and as the page says unless the page is written."""
        if cell.right:
            self._note("cell", [client.name, column, cell.text])
        assert cell.right, f"{client.title}, {column}: {cell.text}\n{cell.why}"
        if not WRITE:
            kept = page.kept_cell(client, column)
            assert page.comparable(kept) == page.comparable(cell.text), (
                "docs/clients.md says otherwise; write it anew: make matrix"
            )


@pytest.fixture(name="seen")
def _seen(record_property):
    """Note cells."""
    return Seen(record_property)


@pytest.fixture(name="world", scope="session")
def _world():
    """Give a tenant and a sidecar to all clients."""
    with World() as world:
        yield world.open(scenario(RUN))


@pytest.fixture(name="rotating", scope="session")
def _rotating():
    """Give a world in which a token that was replaced is taken for a few seconds more."""
    with World() as world:
        yield world.open(scenario(()), "--token-grace", "5s")


@pytest.fixture(name="certified", scope="session")
def _certified(tmp_path_factory):
    """Give a world whose sidecar has a certificate of a private authority, and that authority's."""
    folder = tmp_path_factory.mktemp("certificates")
    authority, certificate, key = write_signed_certificate(folder)
    options = ("--tls-cert", str(certificate), "--tls-key", str(key))
    with World() as world:
        yield world.open(scenario(()), *options, authority=authority), authority


@pytest.fixture(name="beside", scope="session")
def _beside():
    """Give worlds whose sidecar is 169.254.170.2, with a token and without, each in its own network."""
    if reason := why_not():
        pytest.skip(f"THE CASE OF 169.254.170.2 DID NOT RUN: {reason}")
    with Beside() as asking, Beside("--no-token") as tokenless:
        yield asking, tokenless


def pytest_runtest_logreport(report):
    """Keep the cells of tests that passed, whichever worker ran them."""
    if report.when == "call" and report.passed:
        for name, value in report.user_properties:
            if name == "cell":
                client, column, text = value
                CELLS.setdefault(client, {})[column] = text


def pytest_terminal_summary(terminalreporter, config):
    """Write the page where it is wanted; say loudly who didn't run."""
    if hasattr(config, "workerinput"):
        return
    if WRITE and CELLS:
        for table in page.TABLES:
            table.write(CLIENTS, CELLS)
        terminalreporter.write_line(f"written: {page.PAGE}")
    for name, reason in MISSING.items():
        terminalreporter.write_line(f"!! {name} DID NOT RUN: {reason}")


def pytest_generate_tests(metafunc):
    """Run a test that takes a client with each of them."""
    if "client" in metafunc.fixturenames:
        metafunc.parametrize("client", RUN, ids=[client.name for client in RUN])


@pytest.fixture(autouse=True)
def _there(request):
    """Say that a client isn't here: its cells stay as they are."""
    if "client" in request.fixturenames:
        client = request.getfixturevalue("client")
        if client.missing:
            pytest.skip(f"{client.name} DID NOT RUN: {client.missing}")
