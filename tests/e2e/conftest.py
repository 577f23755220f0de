"""What end-to-end tests share: a home with a simulator and a sidecar, as processes."""

import pytest

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
