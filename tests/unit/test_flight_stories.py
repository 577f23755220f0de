"""What a flight does when people, outages and other requests come in between."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from cone_sidecar.domain.access import Phase
from cone_sidecar.domain.task import Grant, Outcome, StepKind
from cone_sidecar.errors import (
    AccessDenied,
    ApprovalRequired,
    GrantExpired,
    GrantRevoked,
    NoActiveGrant,
    RequestFormRequired,
    StillProcessing,
    Unreachable,
)
from cone_sidecar.patience import Patience
from fakes.access import GRANTED, PROFILE, STANDING, FakeTenant, a_task
from fakes.flight_stage import MINUTE, FlightStage
from fakes.virtual_clock import settled

DENIED = a_task(outcome=Outcome.DENIED, closed=True)
DOWN = Unreachable("down")


async def test_past_its_end_a_grant_stays_over_while_conductorone_is_down():
    """Credentials that ended with their grant don't come back because nobody can say no any more."""
    stage = FlightStage()
    stage.tenant.grant_answer = Grant(stage.clock.now() + timedelta(minutes=10))
    async with stage.running():
        await stage.obtain()
        stage.tenant.grant_answer = DOWN
        await stage.clock.pass_time(9 * MINUTE)
        assert (await stage.obtain()).unverified
        await stage.clock.pass_time(2 * MINUTE)
        for _ in range(5):
            with pytest.raises((GrantExpired, Unreachable)):
                await stage.obtain()
            await stage.clock.pass_time(20)


async def test_an_outage_brings_back_nothing_that_was_revoked():
    """After a revocation, an outage of ConductorOne isn't taken for a yes."""
    stage = FlightStage()
    async with stage.running():
        await stage.obtain()
        stage.tenant.grant_answer = None
        await stage.clock.pass_time(MINUTE + 5)
        with pytest.raises(GrantRevoked):
            await stage.obtain()
        stage.tenant.grant_answer = DOWN
        await stage.clock.pass_time(20)
        with pytest.raises(Unreachable, match="there was no grant when it could"):
            await stage.obtain()


async def test_a_revocation_is_noticed_while_a_sign_in_is_waited_for():
    """A renewal that waits for a person keeps nobody from looking at the grant."""
    stage = FlightStage()
    async with stage.running():
        await stage.obtain()
        stage.center.signed_in = False
        await stage.clock.pass_time(42 * MINUTE)
        assert stage.phase is Phase.SIGN_IN_REQUIRED
        assert await stage.obtain()
        stage.tenant.grant_answer = None
        await stage.clock.pass_time(MINUTE + 5)
        assert stage.phase is Phase.REVOKED


async def test_a_young_grant_that_is_taken_back_is_noticed():
    """A grant that was listed and revoked within its first minute is noticed within the next."""
    stage = FlightStage(FakeTenant())
    async with stage.running():
        await stage.obtain()
        stage.tenant.grant_answer = STANDING
        await stage.clock.pass_time(30)
        stage.tenant.grant_answer = None
        await stage.clock.pass_time(MINUTE + 5)
        assert stage.phase is Phase.REVOKED


@pytest.mark.parametrize("tenant", [FakeTenant(form="f" * 27), FakeTenant(tasks=[DENIED])])
async def test_what_is_prefetched_comes_back_when_people_have_seen_to_it(tenant):
    """A pinned profile that needed a form, or was denied, is ready soon after access came another way."""
    stage = FlightStage(tenant, pinned={PROFILE.name})
    async with stage.running():
        stage.broker.flight(PROFILE).start()
        await stage.clock.pass_time(10 * MINUTE)
        assert stage.phase in {Phase.FORM_REQUIRED, Phase.DENIED}
        assert stage.tenant.calls.count("request_grant") <= 1
        stage.tenant.grant_answer = STANDING
        await stage.clock.pass_time(MINUTE)
        assert stage.phase is Phase.READY


async def test_credentials_that_ended_are_shown_as_such():
    """Credentials that nobody came back for end, and the profile is one that nobody asks for."""
    stage = FlightStage()
    async with stage.running():
        await stage.obtain()
        await stage.clock.pass_time(4 * 60 * MINUTE)
        assert stage.phase is Phase.UNKNOWN
        assert stage.broker.flight(PROFILE).held is None


async def test_an_open_request_is_found_behind_a_form():
    """Where a form is needed, the request that somebody made with it is followed."""
    pending = a_task(StepKind.APPROVAL)
    stage = FlightStage(FakeTenant(form="f" * 27, tasks=[pending], duplicate=True))
    async with stage.running():
        with pytest.raises(ApprovalRequired, match="task 1234"):
            await stage.obtain()
        stage.tenant.duplicate = False
        await stage.obtain_after([GRANTED])
    assert "request_grant" not in stage.tenant.calls


async def test_an_open_request_is_found_behind_a_denial():
    """While a denial is too fresh to ask again, a request that another program made is followed."""
    stage = FlightStage(FakeTenant(tasks=[DENIED]))
    async with stage.running():
        with pytest.raises(AccessDenied):
            await stage.obtain()
        stage.tenant.tasks, stage.tenant.duplicate = [a_task(StepKind.APPROVAL)], True
        await stage.clock.pass_time(20)
        with pytest.raises(ApprovalRequired):
            await stage.obtain()
        assert stage.tenant.calls.count("request_grant") == 1


async def test_without_an_open_request_a_form_is_told():
    """Where a form is needed and nothing is open, the form is what is told."""
    stage = FlightStage(FakeTenant(form="f" * 27))
    async with stage.running():
        with pytest.raises(RequestFormRequired):
            await stage.obtain()


@pytest.mark.parametrize("turns", range(1, 12))
async def test_a_story_that_was_forgotten_asks_for_nothing(turns):
    """However far a check has come, forgetting the profile ends it before anything is requested."""
    stage = FlightStage(FakeTenant())
    async with stage.running():
        asking = asyncio.create_task(stage.obtain())
        for _ in range(turns):
            await asyncio.sleep(0)
        requested = "request_grant" in stage.tenant.calls
        stage.broker.flight(PROFILE).forget()
        await settled()
        assert ("request_grant" in stage.tenant.calls) is requested
        assert stage.phase is Phase.UNKNOWN or asking.done()
        await asyncio.gather(asking, return_exceptions=True)


async def test_whoever_waits_is_told_when_a_profile_is_forgotten():
    """A caller that waits is told to come again, and doesn't make another request."""
    stage = FlightStage(FakeTenant(tasks=[a_task(StepKind.PROVISION)]))
    async with stage.running():
        asking = asyncio.create_task(stage.broker.obtain(PROFILE, Patience(60.0)))
        await stage.clock.pass_time(5)
        stage.broker.flight(PROFILE).forget()
        with pytest.raises(StillProcessing):
            await asking
        await stage.clock.pass_time(5)
        assert stage.tenant.calls.count("request_grant") == 1


async def test_a_person_asks_while_a_program_does():
    """A request that a person makes while a program's check runs isn't lost with that check's answer."""
    terms = replace(PROFILE.terms, auto_request=False)
    stage = FlightStage(FakeTenant(), profile=replace(PROFILE, terms=terms))
    stage.tenant.gate = asyncio.Event()
    async with stage.running():
        asking = asyncio.create_task(stage.obtain())
        await settled()
        stage.broker.flight(stage.profile).request()
        stage.tenant.gate.set()
        assert await asking
        assert stage.tenant.calls.count("request_grant") == 1


async def test_an_extension_survives_an_outage():
    """A request for more time that did not get through is made again."""
    terms = replace(PROFILE.terms, extend_before=timedelta(minutes=5))
    stage = FlightStage(profile=replace(PROFILE, terms=terms))
    stage.tenant.grant_answer = Grant(stage.clock.now() + timedelta(minutes=20))
    async with stage.running():
        await stage.obtain()
        stage.tenant.duplicate = DOWN
        await stage.clock.pass_time(16 * MINUTE)
        assert stage.tenant.requests
        stage.tenant.duplicate = False
        stage.tenant.grant_answer = Grant(stage.clock.now() + timedelta(minutes=60))
        await stage.clock.pass_time(MINUTE)
        assert (await stage.obtain()).grant_ends == stage.tenant.grant_answer.ends


async def test_without_a_grant_and_without_a_request_nothing_is_remembered_for_long():
    """Where nobody may ask, the next look finds a grant that came in another way."""
    terms = replace(PROFILE.terms, auto_request=False)
    stage = FlightStage(FakeTenant(), profile=replace(PROFILE, terms=terms))
    async with stage.running():
        with pytest.raises(NoActiveGrant):
            await stage.obtain()
        stage.tenant.grant_answer = STANDING
        await stage.clock.pass_time(16)
        assert await stage.obtain()
