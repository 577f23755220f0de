"""What the rules share: a sidecar on a simulator, and a home with profiles, as processes."""

import pytest

from fakes.asked_endpoint import SCENARIO, AskedEndpoint
from fakes.process_stage import ProcessStage
from fakes.simulated_stage import SimulatedStage


@pytest.fixture(name="endpoint", scope="session")
def _endpoint():
    """Give the sidecar; its profiles are shared, so that a rule spoils none that another one needs."""
    with SimulatedStage() as stage:
        stage.start(SCENARIO, "--auto-confirm")
        yield AskedEndpoint(stage)


@pytest.fixture(name="stage", scope="module")
def _stage():
    """Give a home with profiles, in which somebody has signed in."""
    with ProcessStage() as stage:
        yield stage
