"""What a flight keeps: credentials, failures, and what it serves of them when."""

import asyncio
from datetime import timedelta

import pytest

from cone_sidecar.domain.access import Phase
from cone_sidecar.domain.ports import RoleNotAssigned
from cone_sidecar.domain.task import Grant, Outcome, StepKind
from cone_sidecar.errors import (
    AccessDenied,
    LoginRequired,
    NoActiveGrant,
    StillProcessing,
    Unreachable,
    UpstreamRejected,
)
from cone_sidecar.patience import Patience
from fakes.access import (
    PROFILE,
    STANDING,
    FakeConnections,
    FakeTenant,
    a_task,
)
from fakes.broker_stage import BrokerStage
from fakes.clock import HeldClock


async def settle(stage):
    """Let what runs beside the callers come to its end."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_a_failure_is_remembered_for_a_while(clock):
    """Asking again looks for a grant after 15 seconds, and requests one after five minutes."""
    denied = a_task(outcome=Outcome.DENIED, closed=True)
    stage = BrokerStage(clock, FakeTenant(tasks=[denied]))
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
    stage = BrokerStage(clock, FakeTenant(tasks=[a_task(outcome=Outcome.DENIED, closed=True)]))
    with pytest.raises(AccessDenied):
        await stage.obtain()
    stage.tenant.grant_answer = STANDING
    clock.advance(16)
    assert (await stage.obtain()).credentials


async def test_credentials_are_served_from_memory(clock):
    """A second caller costs nothing at all."""
    stage = BrokerStage(clock, FakeTenant(grant=STANDING))
    first = await stage.obtain()
    assert await stage.obtain() is first
    assert stage.tenant.calls == ["grant"]


async def test_a_revoked_grant_drops_the_credentials(clock):
    """A minute after the last look the grant is looked at again, and gone means gone."""
    stage = BrokerStage(clock, FakeTenant(grant=STANDING))
    await stage.obtain()
    stage.tenant.grant_answer = None
    clock.advance(61)
    await stage.obtain()
    await settle(stage)
    with pytest.raises(NoActiveGrant, match="revoked"):
        await stage.obtain()


async def test_old_credentials_outlive_an_outage(clock):
    """While renewal fails, credentials that are still valid go on being served."""
    stage = BrokerStage(clock, FakeTenant(grant=STANDING))
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
    stage = BrokerStage(clock, FakeTenant(grant=STANDING))
    first = await stage.obtain()
    clock.advance(8 * 3600)
    second = await stage.obtain()
    assert second is not first
    assert second.credentials.usable(clock.now())


async def test_credentials_end_with_their_grant(clock):
    """Past the end of the grant nothing is served, though the keys would live on."""
    tenant = FakeTenant(grant=Grant(clock.now() + timedelta(minutes=5)))
    stage = BrokerStage(clock, tenant)
    await stage.obtain()
    tenant.grant_answer = None
    tenant.tasks = [a_task(outcome=Outcome.DENIED, closed=True)]
    clock.advance(301)
    with pytest.raises(AccessDenied):
        await stage.obtain()


async def test_what_is_being_renewed_is_not_served_when_it_has_ended():
    """A caller who comes while a renewal runs waits for it, if the old ones have less than a minute."""
    clock = HeldClock()
    stage = BrokerStage(clock, FakeTenant(grant=STANDING))
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
    stage = BrokerStage(clock, FakeTenant(grant=STANDING))
    stage.center.life = timedelta(seconds=30)
    with pytest.raises(UpstreamRejected, match="within a minute"):
        await stage.obtain()
    assert stage.center.calls == ["role_credentials"]


async def test_while_renewal_fails_upstream_is_left_alone():
    """Old credentials are served during the cool-down without asking anybody."""
    clock = HeldClock()
    stage = BrokerStage(clock, FakeTenant(grant=STANDING))
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

    stage = BrokerStage(clock, connections=NoConnections(None, None))
    with pytest.raises(LoginRequired):
        await stage.obtain()
    assert stage.broker.states([PROFILE])[PROFILE.name].phase is Phase.FAILED


async def test_a_grant_that_is_not_listed_yet_is_not_requested_again(clock):
    """When AWS fails after a request was granted, the next call fetches; it makes no second request."""
    stage = BrokerStage(clock, FakeTenant())
    stage.center.refusals = [RoleNotAssigned(), Unreachable("down")]
    with pytest.raises(Unreachable):
        await stage.obtain()
    clock.advance(5)
    assert (await stage.obtain()).credentials
    assert stage.tenant.calls.count("request_grant") == 1


async def test_a_grant_of_ours_ends_when_it_was_asked_to(clock):
    """Until the list tells its end, a grant lasts as long as was asked for."""
    stage = BrokerStage(clock, FakeTenant(max_duration=timedelta(minutes=5)))
    held = await stage.obtain()
    assert held.grant_ends == held.fetched_at + timedelta(minutes=5)


async def test_whoever_waits_is_told_when_the_broker_closes():
    """At the end of the sidecar every caller gets an answer at once, and no story starts anew."""
    stage = BrokerStage(HeldClock(), FakeTenant(tasks=[a_task(StepKind.PROVISION)]))
    callers = [asyncio.create_task(stage.obtain(Patience(60.0))) for _ in range(3)]
    await settle(stage)
    await stage.broker.close()
    answers = await asyncio.gather(*callers, return_exceptions=True)
    assert {type(answer) for answer in answers} == {StillProcessing}
    assert stage.tenant.calls.count("grant") == 1


async def test_past_its_known_end_a_grant_is_over_even_while_conductorone_is_down(clock):
    """What AWS would still give isn't served, and nobody is asked again and again for it."""
    stage = BrokerStage(clock, FakeTenant(grant=Grant(clock.now() + timedelta(minutes=5))))
    await stage.obtain()
    stage.tenant.grant_answer = Unreachable("down")
    clock.advance(301)
    with pytest.raises(NoActiveGrant):
        await stage.obtain()
    assert stage.center.calls.count("role_credentials") == 2
