"""What all tests share."""

import pytest

from fakes.clock import FakeClock


@pytest.fixture
def anyio_backend():
    """Run async tests on asyncio, in its debug mode."""
    return "asyncio", {"debug": True}


@pytest.fixture(name="clock")
def _clock():
    """Give a clock that only tests advance."""
    return FakeClock()
