"""Prefetch: what keeps a profile from being asked for is told once, however long that lasts."""

import asyncio

import pytest

from cone_sidecar.errors import LoginRequired, ProfileNotFound
from cone_sidecar.prefetch import Prefetch
from fakes.access import PROFILE
from fakes.broker_stage import BrokerStage
from fakes.virtual_clock import VirtualClock

HOUR_S = 3600


class ScriptedProfiles:
    """Know no profile, for a reason that the test sets."""

    def __init__(self, reason):
        self.reason = reason

    async def profile(self, name):
        if self.reason:
            raise self.reason
        return PROFILE


@pytest.fixture(name="messages")
def _messages(caplog):
    """Give what was logged, in lines."""
    return lambda: [record.getMessage() for record in caplog.records]


async def test_a_login_is_asked_for_once(messages):
    """Hours without one are one line for all profiles; another obstacle is another; then the story begins."""
    clock = VirtualClock()
    stage = BrokerStage(clock)
    profiles = ScriptedProfiles(LoginRequired("not logged in"))
    prefetch = Prefetch(stage.broker, profiles, clock, names=(PROFILE.name, "other"))
    running = asyncio.create_task(prefetch.run())
    await clock.pass_time(HOUR_S)
    assert messages() == ["prefetch: not logged in"]
    profiles.reason = ProfileNotFound("no such profile")
    await clock.pass_time(HOUR_S)
    profiles.reason = LoginRequired("not logged in")
    await clock.pass_time(HOUR_S)
    assert messages() == [
        "prefetch: not logged in",
        "prefetch: no such profile",
        "prefetch: not logged in",
    ]
    assert not stage.events.events
    profiles.reason = None
    await clock.pass_time(HOUR_S)
    assert stage.events.events
    running.cancel()
    await asyncio.wait([running])
