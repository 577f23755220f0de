"""The transition table: complete, in use, and kept to by every story that can be told."""

import asyncio
from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from cone_sidecar.broker import AccessBroker
from cone_sidecar.domain.access import Cause, Phase
from cone_sidecar.domain.ports import DuplicateTask, RoleNotAssigned
from cone_sidecar.domain.task import Grant, Outcome, StepKind
from cone_sidecar.domain.transitions import TRANSITIONS, allowed
from cone_sidecar.errors import (
    ConeError,
    LoginRequired,
    NotRequestable,
    Unreachable,
    UpstreamRejected,
)
from cone_sidecar.patience import ONCE_REQUESTED, Patience
from cone_sidecar.refresher import Refresher
from cone_sidecar.store import MemoryStore
from cone_sidecar.surroundings import Surroundings
from fakes.access import (
    PROFILE,
    STANDING,
    FakeConnections,
    FakeIdentityCenter,
    FakeTenant,
    Recorder,
    a_task,
)
from fakes.virtual_clock import VirtualClock

FAULTS = [Unreachable("down"), LoginRequired("who are you"), UpstreamRejected("no")]
OPEN = [a_task(step) for step in StepKind] + [a_task(outcome=Outcome.ERROR)]
CLOSED = [a_task(outcome=outcome, closed=True) for outcome in Outcome]
TASKS = st.lists(st.sampled_from([*OPEN, *CLOSED, *FAULTS]), min_size=1, max_size=4)
GRANTS = ["none", "standing", "ten minutes", *FAULTS]
REFUSALS = st.lists(st.sampled_from([RoleNotAssigned(), *FAULTS]), max_size=3)
REQUESTS = [False, True, DuplicateTask(""), NotRequestable("no"), Unreachable("down")]
PATIENCES = [Patience(0.9), Patience(5.0, frozenset()), Patience(2.0, ONCE_REQUESTED)]
ASKS = st.tuples(st.just("ask"), st.sampled_from(PATIENCES))
PAUSES = st.sampled_from([0.5, 5.0, 61.0, 600.0, 3600.0])
MOVES = st.one_of(
    st.tuples(st.just("grant"), st.sampled_from(GRANTS)),
    st.tuples(st.just("tasks"), TASKS),
    st.tuples(st.just("aws"), REFUSALS),
    st.tuples(st.just("request"), st.sampled_from(REQUESTS)),
    st.tuples(st.just("session"), st.booleans()),
    st.tuples(st.just("person"), st.sampled_from(["request", "renew", "forget", "cancel"])),
)


CHAPTERS = st.tuples(MOVES, MOVES, ASKS, st.tuples(st.just("pass"), PAUSES))


@settings(max_examples=200, deadline=None)
@given(st.lists(CHAPTERS, min_size=3, max_size=6), st.booleans(), st.booleans())
def test_every_story_keeps_to_the_table(chapters, strict, auto_request):
    """Whatever tenant, AWS and people do, no state follows another that the table doesn't know."""
    Recorder.broken.clear()
    moves = [move for chapter in chapters for move in chapter]
    asyncio.run(_tell(moves, strict=strict, auto_request=auto_request))
    assert Recorder.broken == []


async def _tell(moves, *, strict, auto_request):
    clock = VirtualClock()
    tenant, center = FakeTenant(), FakeIdentityCenter(clock)
    terms = replace(PROFILE.terms, auto_request=auto_request, extend_before=timedelta(minutes=5))
    profile = replace(PROFILE, terms=terms)
    broker = AccessBroker(
        Surroundings(
            connections=FakeConnections(tenant, center),
            store=MemoryStore(),
            clock=clock,
            events=Recorder(),
            strict=strict,
        )
    )
    looking_after = asyncio.create_task(Refresher(broker, clock).run())
    callers = []
    for move, value in moves:
        if move == "ask":
            callers.append(asyncio.create_task(broker.obtain(profile, value)))
        elif move == "pass":
            await clock.pass_time(value)
        elif move == "person":
            getattr(broker.flight(profile), value)()
        else:
            _change(tenant, center, move, value)
        await clock.pass_time(0)
    looking_after.cancel()
    await broker.close()
    for caller in callers:
        caller.cancel()
    for answer in await asyncio.gather(looking_after, *callers, return_exceptions=True):
        # Whatever happens is told in our own words.
        assert not isinstance(answer, Exception) or isinstance(answer, ConeError), repr(answer)
        assert getattr(answer, "code", "") != "InternalError", repr(answer)


def _change(tenant, center, move, value):
    match move:
        case "grant":
            tenant.grant_answer = _grant(value, center.clock)
        case "tasks":
            tenant.tasks = list(value)
        case "aws":
            center.refusals = list(value)
        case "request":
            tenant.duplicate = value
        case "session":
            center.signed_in = value
            center.confirmed.set()


def _grant(value, clock):
    if value == "none":
        return None
    if value == "standing":
        return STANDING
    return Grant(clock.now() + timedelta(minutes=10)) if value == "ten minutes" else value


def test_each_cause_has_its_turns():
    """Each cause is in the table, and leads from somewhere to somewhere."""
    assert set(TRANSITIONS) == set(Cause)
    assert all(turn.before and turn.after for turns in TRANSITIONS.values() for turn in turns)


def test_each_state_can_be_reached_and_left():
    """From "unknown" every state can be reached, and none is a dead end."""
    steps = {
        before: {after for after in Phase for cause in Cause if allowed(before, cause, after)}
        - {before}
        for before in Phase
    }
    reached = {Phase.UNKNOWN}
    while new := set().union(*(steps[phase] for phase in reached)) - reached:
        reached |= new
    assert reached == set(Phase)
    assert all(steps.values())
