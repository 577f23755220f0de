"""What all tests share."""

import logging
import signal

import pytest

from fakes.access import Recorder
from fakes.clock import FakeClock

# A shell has what it starts in the background ignore these, and so would all that tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGQUIT, signal.SIG_DFL)
# In its debug mode asyncio logs what took long: that a machine is slow is no line of ours. Errors stay.
logging.getLogger("asyncio").setLevel(logging.ERROR)


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
