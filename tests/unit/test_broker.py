"""The story of one profile, told to a fake tenant and a fake Identity Center."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from cone_sidecar.domain.access import Cause, Phase
from cone_sidecar.domain.ports import DuplicateTask, RoleNotAssigned
from cone_sidecar.domain.task import Grant, Outcome, StepKind
from cone_sidecar.errors import (
    AccessDenied,
    ApprovalRequired,
    LoginRequired,
    NoActiveGrant,
    PropagationTimeout,
    RequestCancelled,
    RequestEnded,
    RequestFailed,
    RequestFormRequired,
    RequestTimedOut,
    SignInRequired,
    StillProcessing,
    Unreachable,
)
from cone_sidecar.patience import Patience
from fakes.access import (
    GRANTED,
    PROFILE,
    STANDING,
    FakeIdentityCenter,
    FakeTenant,
    a_task,
)
from fakes.broker_stage import BrokerStage
from fakes.clock import HeldClock


async def settle(stage):
    """Let what runs beside the callers come to its end."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_a_grant_and_a_session_cost_one_look_and_one_fetch(clock):
    """With a grant and a session, one grant check and one fetch give credentials."""
    stage = BrokerStage(clock, FakeTenant(grant=STANDING))
    held = await stage.obtain()
    assert held.credentials.account_id == "000000000001"
    assert stage.tenant.calls == ["grant"]
    assert stage.center.calls == ["role_credentials"]
    assert stage.events.phases[-1] is Phase.READY


async def test_no_story_begins_once_it_is_closed(clock):
    """Who comes while the sidecar ends is told at once to come again; nobody is asked for him."""
    stage = BrokerStage(clock, FakeTenant(grant=STANDING))
    await stage.broker.close()
    with pytest.raises(StillProcessing, match="being stopped"):
        await stage.obtain()
    assert stage.tenant.calls == []


async def test_without_a_grant_access_is_requested_and_served(clock):
    """Without a grant a request is made once, followed, and its credentials are served."""
    pending = a_task(StepKind.PROVISION)
    stage = BrokerStage(
        clock, FakeTenant(tasks=[pending, GRANTED], max_duration=timedelta(hours=8))
    )
    await stage.obtain()
    assert stage.tenant.calls.count("request_grant") == 1
    assert stage.tenant.requests[0].duration == timedelta(hours=8)
    assert stage.events.causes == [
        Cause.ASKED,
        Cause.NO_GRANT,
        Cause.SUBMITTING,
        Cause.SUBMITTED,
        Cause.LOOKED,
        Cause.LOOKED,
        Cause.GRANTED,
        Cause.SERVED,
    ]
    # The first look comes at once, the second after half a second at most.
    assert len(clock.slept) == 1
    assert clock.slept[0] <= 0.5


async def test_aws_that_lags_behind_is_waited_for(clock):
    """A role that AWS doesn't know yet is asked for again until it does."""
    refusals = [RoleNotAssigned() for _ in range(4)]
    stage = BrokerStage(clock, FakeTenant(), FakeIdentityCenter(clock, refusals=refusals))
    await stage.obtain()
    assert stage.center.calls == ["role_credentials"] * 5
    assert stage.events.causes.count(Cause.NOT_YET_IN_AWS) == 1


async def test_propagation_is_given_up_after_a_minute(clock):
    """After 60 seconds of refusals by AWS the caller is told so."""
    refusals = [RoleNotAssigned() for _ in range(1000)]
    center = FakeIdentityCenter(clock, refusals=refusals)
    stage = BrokerStage(clock, FakeTenant(grant=STANDING), center)
    with pytest.raises(PropagationTimeout):
        await stage.obtain()
    assert 60 <= sum(clock.slept) <= 64


@pytest.mark.parametrize(
    ("task", "error"),
    [
        (a_task(outcome=Outcome.DENIED, closed=True), AccessDenied),
        (a_task(outcome=Outcome.CANCELLED, closed=True), RequestCancelled),
        (a_task(outcome=Outcome.ERROR, closed=True), RequestFailed),
        (a_task(outcome=Outcome.UNSPECIFIED, closed=True), RequestFailed),
        (a_task(outcome=Outcome.WAIT_TIMED_OUT, closed=True), RequestTimedOut),
        (a_task(outcome=Outcome.OTHER, closed=True, outcome_name="NEW"), RequestEnded),
        (a_task(StepKind.APPROVAL), ApprovalRequired),
        (a_task(StepKind.FORM), RequestFormRequired),
        (a_task(StepKind.PROVISION, Outcome.ERROR), RequestFailed),
    ],
)
async def test_how_a_request_ends(clock, task, error):
    """Each end of a request, and each step that a person has to take, is an error of its own."""
    stage = BrokerStage(HeldClock(), FakeTenant(tasks=[task]))
    with pytest.raises(error) as raised:
        await stage.obtain()
    assert raised.value.task == "1234"
    assert raised.value.profile == PROFILE.name
    await stage.broker.close()


async def test_an_approval_is_watched_after_its_caller_has_gone():
    """A caller is told of the approval at once; when it comes, the next one is served."""
    clock = HeldClock()
    stage = BrokerStage(clock, FakeTenant(tasks=[a_task(StepKind.APPROVAL)]))
    with pytest.raises(ApprovalRequired):
        await stage.obtain()
    stage.tenant.tasks = [GRANTED]
    clock.advance(60)
    await settle(stage)
    await stage.obtain()
    assert stage.tenant.calls.count("request_grant") == 1


async def test_an_open_request_is_adopted(clock):
    """A duplicate isn't an error: its task is followed, and the caller is told that it was there."""
    stage = BrokerStage(HeldClock(), FakeTenant(duplicate=True, tasks=[a_task(StepKind.APPROVAL)]))
    with pytest.raises(ApprovalRequired) as raised:
        await stage.obtain()
    assert raised.value.adopted
    await stage.broker.close()


async def test_a_duplicate_that_cannot_be_found_is_told(clock):
    """A duplicate whose task nobody names is said to be pending."""
    stage = BrokerStage(clock, FakeTenant(duplicate=DuplicateTask("")))
    with pytest.raises(ApprovalRequired) as raised:
        await stage.obtain()
    assert raised.value.task == ""


async def test_a_form_is_asked_for_before_anything_is_requested(clock):
    """An entitlement with a form is never requested without it."""
    stage = BrokerStage(clock, FakeTenant(form="f" * 27))
    with pytest.raises(RequestFormRequired) as raised:
        await stage.obtain()
    assert "cone get --app-id" in raised.value.hint
    assert "request_grant" not in stage.tenant.calls


async def test_auto_request_can_be_switched_off(clock):
    """A profile may say that nobody asks for access by accident."""
    profile = replace(PROFILE, terms=replace(PROFILE.terms, auto_request=False))
    stage = BrokerStage(clock)
    with pytest.raises(NoActiveGrant):
        await stage.obtain(profile=profile)
    assert "request_grant" not in stage.tenant.calls


async def test_a_grant_past_its_end_is_none(clock):
    """A grant whose end has passed is requested anew, whatever the list says."""
    ended = Grant(clock.now() - timedelta(seconds=1))
    stage = BrokerStage(clock, FakeTenant(grant=ended))
    await stage.obtain()
    assert "request_grant" in stage.tenant.calls


async def test_a_hundred_callers_cost_one_request():
    """However many ask for a cold profile, there is one request and one fetch that succeeds."""
    clock = HeldClock()
    stage = BrokerStage(clock, FakeTenant(tasks=[GRANTED]))
    answers = await asyncio.gather(*(stage.obtain() for _ in range(100)))
    assert len({held.credentials.access_key_id for held in answers}) == 1
    assert stage.tenant.calls.count("request_grant") == 1
    assert stage.center.calls.count("role_credentials") <= 2


async def test_a_caller_that_goes_away_ends_nothing(clock):
    """Cancelling one caller leaves the flight to the others."""
    tenant = FakeTenant(grant=STANDING)
    tenant.gate = asyncio.Event()
    stage = BrokerStage(clock, tenant)
    first = asyncio.create_task(stage.obtain())
    second = asyncio.create_task(stage.obtain())
    await asyncio.sleep(0)
    first.cancel()
    tenant.gate.set()
    assert (await second).credentials
    assert tenant.calls == ["grant"]


async def test_patience_that_runs_out_leaves_the_story_running(clock):
    """A caller that can't wait is told that machines are at it; the next one is served."""
    held_clock = HeldClock()
    stage = BrokerStage(held_clock, FakeTenant(tasks=[a_task(StepKind.MACHINE), GRANTED]))
    with pytest.raises(StillProcessing) as raised:
        await stage.obtain(Patience(0.05))
    assert raised.value.task == "1234"
    held_clock.advance(1)
    await stage.obtain()
    assert stage.tenant.calls.count("request_grant") == 1


async def test_a_sign_in_is_offered_once(clock):
    """Without a session all callers get the same link, and after it was confirmed, credentials."""
    center = FakeIdentityCenter(clock, signed_in=False)
    stage = BrokerStage(clock, FakeTenant(grant=STANDING), center)
    for _ in range(2):
        with pytest.raises(SignInRequired) as raised:
            await stage.obtain()
        assert raised.value.user_code == "ABCD-EFGH"
    center.confirmed.set()
    await stage.obtain(Patience(5.0, frozenset()))
    assert center.calls.count("begin_sign_in") == 1


async def test_conductorone_down_means_that_aws_decides(clock):
    """What AWS gives is served, marked unverified, while ConductorOne can't be reached."""
    stage = BrokerStage(clock, FakeTenant(grant=Unreachable("down")))
    held = await stage.obtain()
    assert held.unverified


async def test_both_down_is_unreachable(clock):
    """Without ConductorOne and without AWS there is nothing to serve."""
    center = FakeIdentityCenter(clock, refusals=[Unreachable("down too")])
    stage = BrokerStage(clock, FakeTenant(grant=Unreachable("down")), center)
    with pytest.raises(Unreachable, match="down"):
        await stage.obtain()


async def test_a_refused_login_is_no_outage(clock):
    """Credentials that ConductorOne refuses stop the story, even if AWS would give."""
    stage = BrokerStage(clock, FakeTenant(grant=LoginRequired("who are you")))
    with pytest.raises(LoginRequired):
        await stage.obtain()
