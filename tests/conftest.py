"""What all tests share."""

import pytest

from fakes.access import Recorder
from fakes.clock import FakeClock


@pytest.fixture
def anyio_backend():
    """Run async tests on asyncio, in its debug mode."""
    return "asyncio", {"debug": True}


@pytest.fixture(name="clock")
def _clock():
    """Give a clock that only tests advance."""
    return FakeClock()


@pytest.fixture(autouse=True)
def _transitions():
    """Hold what every test saw of a story to the transition table."""
    Recorder.broken.clear()
    yield
    assert not Recorder.broken
