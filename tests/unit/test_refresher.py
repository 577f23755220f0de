"""What happens to a profile while nobody asks: renewal, rest, the grant's end, more time for it."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from cone_sidecar.domain.access import Cause, Phase
from cone_sidecar.domain.task import Grant, Outcome, StepKind
from cone_sidecar.errors import AccessDenied, GrantRevoked, Unreachable
from cone_sidecar.patience import Patience
from fakes.access import (
    GRANTED,
    PROFILE,
    STANDING,
    FakeTenant,
    a_task,
)
from fakes.flight_stage import HOUR, MINUTE, FlightStage
from fakes.virtual_clock import VirtualClock

DENIED = Outcome.DENIED


async def test_what_is_in_use_is_renewed_before_its_reader_notices():
    """Credentials are new 15 minutes before the old ones end, though nobody asked in between."""
    stage = FlightStage()
    async with stage.running():
        first = await stage.obtain()
        await stage.clock.pass_time(45 * MINUTE)
        second = await stage.obtain()
        assert second.credentials.access_key_id != first.credentials.access_key_id
        assert stage.center.calls.count("role_credentials") == 2
        assert Cause.RENEWING in stage.events.causes


async def test_what_nobody_uses_rests():
    """Credentials that nobody came back for are renewed once, and then left to end."""
    stage = FlightStage()
    async with stage.running():
        await stage.obtain()
        await stage.clock.pass_time(5 * HOUR)
        asked = len(stage.tenant.calls)
        assert stage.center.calls.count("role_credentials") <= 3
        await stage.clock.pass_time(HOUR)
        assert len(stage.tenant.calls) == asked


async def test_long_credentials_are_renewed_for_whoever_holds_them():
    """Whoever was given credentials for four hours finds new ones when those end, hours idle or not."""
    stage = FlightStage(life=timedelta(hours=4))
    async with stage.running():
        await stage.obtain()
        await stage.clock.pass_time(4 * HOUR - 16 * MINUTE)
        assert stage.center.calls.count("role_credentials") == 2


async def test_what_is_prefetched_never_rests():
    """A pinned profile is kept fresh for ever."""
    stage = FlightStage(pinned={PROFILE.name})
    async with stage.running():
        await stage.obtain()
        await stage.clock.pass_time(5 * HOUR)
        assert stage.broker.cached(PROFILE)
        assert stage.center.calls.count("role_credentials") > 5


async def test_a_grant_is_looked_at_once_a_minute():
    """ConductorOne is asked for a served grant at most every 60 seconds, however many callers come."""
    stage = FlightStage()
    async with stage.running():
        await stage.obtain()
        for _ in range(600):
            await stage.clock.pass_time(1)
            await stage.obtain()
        assert 9 <= stage.tenant.calls.count("grant") - 1 <= 10


async def test_a_revoked_grant_is_noticed_and_not_asked_for_again():
    """Within a minute of a revocation there are no credentials, and for five minutes no new request."""
    stage = FlightStage()
    async with stage.running():
        await stage.obtain()
        stage.tenant.grant_answer = None
        await stage.clock.pass_time(MINUTE + 5)
        assert stage.phase is Phase.REVOKED
        for _ in range(10):
            with pytest.raises(GrantRevoked, match="was revoked"):
                await stage.obtain()
            await stage.clock.pass_time(20)
        assert "request_grant" not in stage.tenant.calls
        await stage.clock.pass_time(2 * MINUTE)
        await stage.obtain()
        assert stage.tenant.calls.count("request_grant") == 1


async def test_a_person_may_ask_at_once():
    """A request that a person makes is made, whatever was refused a moment ago."""
    stage = FlightStage(FakeTenant(tasks=[a_task(closed=True, outcome=DENIED)]))
    async with stage.running():
        with pytest.raises(AccessDenied):
            await stage.obtain()
        stage.tenant.tasks = [GRANTED]
        stage.broker.flight(PROFILE).request()
        assert await stage.obtain()
        assert stage.tenant.calls.count("request_grant") == 2


async def test_a_grant_that_was_seen_and_is_gone_was_revoked():
    """A grant of our own that was listed and vanishes at once is no grant that isn't listed yet."""
    stage = FlightStage(FakeTenant())
    async with stage.running():
        await stage.obtain()
        stage.tenant.grant_answer = STANDING
        await stage.clock.pass_time(MINUTE + 5)
        assert stage.phase is Phase.READY
        stage.tenant.grant_answer = None
        await stage.clock.pass_time(MINUTE + 5)
        assert stage.phase is Phase.REVOKED


async def test_a_grant_ends_on_time():
    """When the grant's time is over the credentials are gone, and who asks next asks for access anew."""
    stage = FlightStage()
    ends = stage.clock.now() + timedelta(minutes=10)
    stage.tenant.grant_answer = Grant(ends)
    async with stage.running():
        await stage.obtain()
        await stage.clock.pass_time(10 * MINUTE + 5)
        assert stage.phase is Phase.GRANT_EXPIRED
        assert "request_grant" not in stage.tenant.calls
        await stage.obtain()
        assert stage.tenant.calls.count("request_grant") == 1


async def test_more_time_is_asked_for_before_the_end():
    """A profile that says so gets an extension, asked for once, while it goes on being served."""
    terms = replace(PROFILE.terms, extend_before=timedelta(minutes=5))
    stage = FlightStage(profile=replace(PROFILE, terms=terms))
    start = stage.clock.now()
    stage.tenant.grant_answer = Grant(start + timedelta(minutes=20))
    stage.tenant.tasks = [a_task(StepKind.APPROVAL), GRANTED]
    async with stage.running():
        await stage.obtain()
        await stage.clock.pass_time(15 * MINUTE - 10)
        assert not stage.tenant.requests
        await stage.clock.pass_time(20)
        assert [request.extension for request in stage.tenant.requests] == [True]
        assert stage.phase is Phase.READY
        stage.tenant.grant_answer = Grant(start + timedelta(minutes=80))
        await stage.clock.pass_time(10 * MINUTE)
        assert (await stage.obtain()).grant_ends == start + timedelta(minutes=80)
        assert len(stage.tenant.requests) == 1


async def test_an_extension_that_fails_is_asked_for_once():
    """A refused extension isn't asked for again, and the credentials last until the grant's end."""
    terms = replace(PROFILE.terms, extend_before=timedelta(minutes=5))
    stage = FlightStage(profile=replace(PROFILE, terms=terms))
    stage.tenant.grant_answer = Grant(stage.clock.now() + timedelta(minutes=20))
    stage.tenant.tasks = [a_task(closed=True, outcome=DENIED)]
    async with stage.running():
        await stage.obtain()
        await stage.clock.pass_time(19 * MINUTE)
        assert await stage.obtain()
        assert len(stage.tenant.requests) == 1


async def test_failing_renewals_become_rare():
    """While AWS is down the old credentials are served, and it is asked less and less often."""
    stage = FlightStage()
    async with stage.running():
        await stage.obtain()
        await stage.clock.pass_time(35 * MINUTE)
        asked = len(stage.center.calls)
        stage.center.refusals = [Unreachable("down")] * 100
        await stage.clock.pass_time(20 * MINUTE)
        assert await stage.obtain()
        assert len(stage.center.calls) - asked <= 30
        stage.center.refusals = []
        await stage.clock.pass_time(2 * MINUTE)
        assert stage.phase is Phase.READY
        assert stage.broker.state(PROFILE).error is None


async def test_who_may_approve_is_told_to_who_waits_on():
    """Approvers are looked up once somebody waits for them, and shown with the time of the request."""
    made = VirtualClock().now()
    pending = replace(a_task(StepKind.APPROVAL), approvers=("ada", "bob"), created=made)
    stage = FlightStage(FakeTenant(tasks=[pending]))
    async with stage.running():
        asking = asyncio.create_task(stage.broker.obtain(PROFILE, Patience(60.0, frozenset())))
        await stage.clock.pass_time(10)
        state = stage.broker.state(PROFILE)
        assert state.phase is Phase.AWAITING_APPROVAL
        assert state.approvers == ("Ada", "Bob")
        assert state.since == made
        assert stage.tenant.calls.count("user_name") == 2
        asking.cancel()
