"""What end-to-end tests share: a home with a simulator and a sidecar, as processes."""

import pytest

from fakes.asked_endpoint import AskedEndpoint
from fakes.simulated_stage import SimulatedStage


@pytest.fixture(name="simulated")
def _simulated():
    """Give a stage of its own."""
    with SimulatedStage() as stage:
        yield stage


@pytest.fixture(name="simulated_once", scope="module")
def _simulated_once():
    """Give one stage to all tests of a module."""
    with SimulatedStage() as stage:
        yield stage


@pytest.fixture(name="serve")
def _serve(stage):
    """Start sidecars on the module's stage, to be asked as SDKs do; they end with the test."""
    before = len(stage.children)
    yield lambda *options, **start: AskedEndpoint(stage, *options, **start)
    for child in stage.children[before:]:
        stage.end(child)
