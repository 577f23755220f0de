"""The story of one profile, told to a fake tenant and a fake Identity Center."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from cone_sidecar.broker import AccessBroker
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
    UpstreamRejected,
)
from cone_sidecar.patience import Patience
from cone_sidecar.store import MemoryStore
from cone_sidecar.surroundings import Surroundings
from fakes.access import (
    GRANTED,
    PROFILE,
    STANDING,
    FakeConnections,
    FakeIdentityCenter,
    FakeTenant,
    Recorder,
    a_task,
)
from fakes.clock import HeldClock

PATIENT = Patience(5.0)


class Stage:
    """A broker with its fakes."""

    def __init__(self, clock, tenant=None, center=None, connections=None, **behaviour):
        self.clock = clock
        self.tenant = tenant or FakeTenant()
        self.center = center or FakeIdentityCenter(clock)
        self.events = Recorder()
        self.broker = AccessBroker(
            Surroundings(
                connections=connections or FakeConnections(self.tenant, self.center),
                store=MemoryStore(),
                clock=clock,
                events=self.events,
                **behaviour,
            )
        )

    async def obtain(self, patience=PATIENT, profile=PROFILE):
        return await self.broker.obtain(profile, patience)


async def test_a_grant_and_a_session_cost_one_look_and_one_fetch(clock):
    """With a grant and a session, one grant check and one fetch give credentials."""
    stage = Stage(clock, FakeTenant(grant=STANDING))
    held = await stage.obtain()
    assert held.credentials.account_id == "000000000001"
    assert stage.tenant.calls == ["grant"]
    assert stage.center.calls == ["role_credentials"]
    assert stage.events.phases[-1] is Phase.READY


async def test_without_a_grant_access_is_requested_and_served(clock):
    """Without a grant a request is made once, followed, and its credentials are served."""
    pending = a_task(StepKind.PROVISION)
    stage = Stage(clock, FakeTenant(tasks=[pending, GRANTED], max_duration=timedelta(hours=8)))
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
    stage = Stage(clock, FakeTenant(), FakeIdentityCenter(clock, refusals=refusals))
    await stage.obtain()
    assert stage.center.calls == ["role_credentials"] * 5
    assert stage.events.causes.count(Cause.NOT_YET_IN_AWS) == 1


async def test_propagation_is_given_up_after_a_minute(clock):
    """After 60 seconds of refusals by AWS the caller is told so."""
    refusals = [RoleNotAssigned() for _ in range(1000)]
    center = FakeIdentityCenter(clock, refusals=refusals)
    stage = Stage(clock, FakeTenant(grant=STANDING), center)
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
    stage = Stage(HeldClock(), FakeTenant(tasks=[task]))
    with pytest.raises(error) as raised:
        await stage.obtain()
    assert raised.value.task == "1234"
    assert raised.value.profile == PROFILE.name
    await stage.broker.close()


async def test_an_approval_is_watched_after_its_caller_has_gone():
    """A caller is told of the approval at once; when it comes, the next one is served."""
    clock = HeldClock()
    stage = Stage(clock, FakeTenant(tasks=[a_task(StepKind.APPROVAL)]))
    with pytest.raises(ApprovalRequired):
        await stage.obtain()
    stage.tenant.tasks = [GRANTED]
    clock.advance(60)
    await settle(stage)
    await stage.obtain()
    assert stage.tenant.calls.count("request_grant") == 1


async def test_an_open_request_is_adopted(clock):
    """A duplicate isn't an error: its task is followed, and the caller is told that it was there."""
    stage = Stage(HeldClock(), FakeTenant(duplicate=True, tasks=[a_task(StepKind.APPROVAL)]))
    with pytest.raises(ApprovalRequired) as raised:
        await stage.obtain()
    assert raised.value.adopted
    await stage.broker.close()


async def test_a_duplicate_that_cannot_be_found_is_told(clock):
    """A duplicate whose task nobody names is said to be pending."""
    stage = Stage(clock, FakeTenant(duplicate=DuplicateTask("")))
    with pytest.raises(ApprovalRequired) as raised:
        await stage.obtain()
    assert raised.value.task == ""


async def test_a_form_is_asked_for_before_anything_is_requested(clock):
    """An entitlement with a form is never requested without it."""
    stage = Stage(clock, FakeTenant(form="f" * 27))
    with pytest.raises(RequestFormRequired) as raised:
        await stage.obtain()
    assert "cone get --app-id" in raised.value.hint
    assert "request_grant" not in stage.tenant.calls


async def test_auto_request_can_be_switched_off(clock):
    """A profile may say that nobody asks for access by accident."""
    profile = replace(PROFILE, terms=replace(PROFILE.terms, auto_request=False))
    stage = Stage(clock)
    with pytest.raises(NoActiveGrant):
        await stage.obtain(profile=profile)
    assert "request_grant" not in stage.tenant.calls


async def test_a_grant_past_its_end_is_none(clock):
    """A grant whose end has passed is requested anew, whatever the list says."""
    ended = Grant(clock.now() - timedelta(seconds=1))
    stage = Stage(clock, FakeTenant(grant=ended))
    await stage.obtain()
    assert "request_grant" in stage.tenant.calls


async def test_a_hundred_callers_cost_one_request():
    """However many ask for a cold profile, there is one request and one fetch that succeeds."""
    clock = HeldClock()
    stage = Stage(clock, FakeTenant(tasks=[GRANTED]))
    answers = await asyncio.gather(*(stage.obtain() for _ in range(100)))
    assert len({held.credentials.access_key_id for held in answers}) == 1
    assert stage.tenant.calls.count("request_grant") == 1
    assert stage.center.calls.count("role_credentials") <= 2


async def test_a_caller_that_goes_away_ends_nothing(clock):
    """Cancelling one caller leaves the flight to the others."""
    tenant = FakeTenant(grant=STANDING)
    tenant.gate = asyncio.Event()
    stage = Stage(clock, tenant)
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
    stage = Stage(held_clock, FakeTenant(tasks=[a_task(StepKind.MACHINE), GRANTED]))
    with pytest.raises(StillProcessing) as raised:
        await stage.obtain(Patience(0.05))
    assert raised.value.task == "1234"
    held_clock.advance(1)
    await stage.obtain()
    assert stage.tenant.calls.count("request_grant") == 1


async def test_a_sign_in_is_offered_once(clock):
    """Without a session all callers get the same link, and after it was confirmed, credentials."""
    center = FakeIdentityCenter(clock, signed_in=False)
    stage = Stage(clock, FakeTenant(grant=STANDING), center)
    for _ in range(2):
        with pytest.raises(SignInRequired) as raised:
            await stage.obtain()
        assert raised.value.user_code == "ABCD-EFGH"
    center.confirmed.set()
    await stage.obtain(Patience(5.0, frozenset()))
    assert center.calls.count("begin_sign_in") == 1


async def test_conductorone_down_means_that_aws_decides(clock):
    """What AWS gives is served, marked unverified, while ConductorOne can't be reached."""
    stage = Stage(clock, FakeTenant(grant=Unreachable("down")))
    held = await stage.obtain()
    assert held.unverified


async def test_both_down_is_unreachable(clock):
    """Without ConductorOne and without AWS there is nothing to serve."""
    center = FakeIdentityCenter(clock, refusals=[Unreachable("down too")])
    stage = Stage(clock, FakeTenant(grant=Unreachable("down")), center)
    with pytest.raises(Unreachable, match="down"):
        await stage.obtain()


async def test_a_refused_login_is_no_outage(clock):
    """Credentials that ConductorOne refuses stop the story, even if AWS would give."""
    stage = Stage(clock, FakeTenant(grant=LoginRequired("who are you")))
    with pytest.raises(LoginRequired):
        await stage.obtain()


async def test_a_failure_is_remembered_for_a_while(clock):
    """Asking again looks for a grant after 15 seconds, and requests one after five minutes."""
    denied = a_task(outcome=Outcome.DENIED, closed=True)
    stage = Stage(clock, FakeTenant(tasks=[denied]))
    for _ in range(5):
        with pytest.raises(AccessDenied):
            await stage.obtain()
    assert stage.tenant.calls.count("grant") == 1
    for _ in range(3):
        clock.advance(16)
        with pytest.raises(AccessDenied):
            await stage.obtain()
    assert stage.tenant.calls.count("grant") == 4
    assert stage.tenant.calls.count("request_grant") == 1
    clock.advance(301)
    with pytest.raises(AccessDenied):
        await stage.obtain()
    assert stage.tenant.calls.count("request_grant") == 2


async def test_a_grant_that_comes_after_a_denial_is_served(clock):
    """Access that was given in another way ends the memory of a denial."""
    stage = Stage(clock, FakeTenant(tasks=[a_task(outcome=Outcome.DENIED, closed=True)]))
    with pytest.raises(AccessDenied):
        await stage.obtain()
    stage.tenant.grant_answer = STANDING
    clock.advance(16)
    assert (await stage.obtain()).credentials


async def test_credentials_are_served_from_memory(clock):
    """A second caller costs nothing at all."""
    stage = Stage(clock, FakeTenant(grant=STANDING))
    first = await stage.obtain()
    assert await stage.obtain() is first
    assert stage.tenant.calls == ["grant"]


async def test_a_revoked_grant_drops_the_credentials(clock):
    """A minute after the last look the grant is looked at again, and gone means gone."""
    stage = Stage(clock, FakeTenant(grant=STANDING))
    await stage.obtain()
    stage.tenant.grant_answer = None
    clock.advance(61)
    await stage.obtain()
    await settle(stage)
    with pytest.raises(NoActiveGrant, match="revoked"):
        await stage.obtain()


async def test_old_credentials_outlive_an_outage(clock):
    """While renewal fails, credentials that are still valid go on being served."""
    stage = Stage(clock, FakeTenant(grant=STANDING))
    first = await stage.obtain()
    stage.tenant.grant_answer = Unreachable("down")
    stage.center.refusals = [Unreachable("down") for _ in range(100)]
    clock.advance(50 * 60)
    assert await stage.obtain() is first
    clock.advance(9 * 60 + 30)
    with pytest.raises(Unreachable):
        await stage.obtain()


async def test_nothing_expired_is_served_after_a_sleep(clock):
    """When the wall clock has jumped, expired credentials are fetched anew."""
    stage = Stage(clock, FakeTenant(grant=STANDING))
    first = await stage.obtain()
    clock.advance(8 * 3600)
    second = await stage.obtain()
    assert second is not first
    assert second.credentials.usable(clock.now())


async def test_credentials_end_with_their_grant(clock):
    """Past the end of the grant nothing is served, though the keys would live on."""
    tenant = FakeTenant(grant=Grant(clock.now() + timedelta(minutes=5)))
    stage = Stage(clock, tenant)
    await stage.obtain()
    tenant.grant_answer = None
    tenant.tasks = [a_task(outcome=Outcome.DENIED, closed=True)]
    clock.advance(301)
    with pytest.raises(AccessDenied):
        await stage.obtain()


async def settle(stage):
    """Let what runs beside the callers come to its end."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_what_is_being_renewed_is_not_served_when_it_has_ended():
    """A caller who comes while a renewal runs waits for it, if the old ones have less than a minute."""
    clock = HeldClock()
    stage = Stage(clock, FakeTenant(grant=STANDING))
    first = await stage.obtain()
    for _ in range(2):
        # Looked at in between, so that only the renewal is due in the end.
        clock.advance(14 * 60)
        await stage.obtain()
        await settle(stage)
    stage.tenant.gate = asyncio.Event()
    clock.advance(13 * 60)
    held = await stage.obtain()
    assert held.credentials is first.credentials
    clock.advance(18 * 60 + 30)
    caller = asyncio.create_task(stage.obtain())
    await settle(stage)
    assert not caller.done()
    stage.tenant.gate.set()
    second = await caller
    assert second.credentials is not first.credentials
    assert second.credentials.usable(clock.now())


async def test_credentials_without_life_are_no_credentials(clock):
    """What ends within a minute is refused, and not fetched again and again."""
    stage = Stage(clock, FakeTenant(grant=STANDING))
    stage.center.life = timedelta(seconds=30)
    with pytest.raises(UpstreamRejected, match="within a minute"):
        await stage.obtain()
    assert stage.center.calls == ["role_credentials"]


async def test_while_renewal_fails_upstream_is_left_alone():
    """Old credentials are served during the cool-down without asking anybody."""
    clock = HeldClock()
    stage = Stage(clock, FakeTenant(grant=STANDING))
    first = await stage.obtain()
    clock.advance(50 * 60)
    stage.tenant.grant_answer = LoginRequired("who are you")
    for _ in range(5):
        assert await stage.obtain() is first
    assert stage.tenant.calls.count("grant") == 2


async def test_a_tenant_that_cannot_be_connected_to_is_a_failure_like_any(clock):
    """Missing credentials for ConductorOne are told to the caller, and shown as the profile's state."""

    class NoConnections(FakeConnections):
        """Fail where the tenant is looked up."""

        def tenant(self, profile):
            raise LoginRequired("client-id and client-secret must be set")

    stage = Stage(clock, connections=NoConnections(None, None))
    with pytest.raises(LoginRequired):
        await stage.obtain()
    assert stage.broker.states([PROFILE])[PROFILE.name].phase is Phase.FAILED


async def test_a_grant_that_is_not_listed_yet_is_not_requested_again(clock):
    """When AWS fails after a request was granted, the next call fetches; it makes no second request."""
    stage = Stage(clock, FakeTenant())
    stage.center.refusals = [RoleNotAssigned(), Unreachable("down")]
    with pytest.raises(Unreachable):
        await stage.obtain()
    clock.advance(5)
    assert (await stage.obtain()).credentials
    assert stage.tenant.calls.count("request_grant") == 1


async def test_a_grant_of_ours_ends_when_it_was_asked_to(clock):
    """Until the list tells its end, a grant lasts as long as was asked for."""
    stage = Stage(clock, FakeTenant(max_duration=timedelta(minutes=5)))
    held = await stage.obtain()
    assert held.grant_ends == held.fetched_at + timedelta(minutes=5)


async def test_whoever_waits_is_told_when_the_broker_closes():
    """At the end of the sidecar every caller gets an answer at once, and no story starts anew."""
    stage = Stage(HeldClock(), FakeTenant(tasks=[a_task(StepKind.PROVISION)]))
    callers = [asyncio.create_task(stage.obtain(Patience(60.0))) for _ in range(3)]
    await settle(stage)
    await stage.broker.close()
    answers = await asyncio.gather(*callers, return_exceptions=True)
    assert {type(answer) for answer in answers} == {StillProcessing}
    assert stage.tenant.calls.count("grant") == 1


async def test_past_its_known_end_a_grant_is_over_even_while_conductorone_is_down(clock):
    """What AWS would still give isn't served, and nobody is asked again and again for it."""
    stage = Stage(clock, FakeTenant(grant=Grant(clock.now() + timedelta(minutes=5))))
    await stage.obtain()
    stage.tenant.grant_answer = Unreachable("down")
    clock.advance(301)
    with pytest.raises(NoActiveGrant):
        await stage.obtain()
    assert stage.center.calls.count("role_credentials") == 2
