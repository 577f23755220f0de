"""What is heard of the story, when it is told, how often, and what becomes of it when nobody takes it."""

import asyncio
import contextlib
import logging
from dataclasses import replace

import pytest

from cone_sidecar.domain.access import AccessState, Cause, Phase, Transition
from cone_sidecar.errors import AccessDenied, Unreachable
from cone_sidecar.kubernetes.api_server import Forbidden, Rejected, Unavailable
from cone_sidecar.kubernetes.event_budget import BURST, ONE_EVERY_S
from cone_sidecar.kubernetes.pod_events import (
    AGAIN_AFTER_S,
    FORBIDDEN_PAUSE_S,
    LONGEST_PAUSE_S,
    MOST_WAITING,
    SETTLE_S,
    PodEvents,
)
from fakes.access import PROFILE
from fakes.virtual_clock import VirtualClock

URL = "https://acme.conductor.one/task/1234"
ASKED = AccessState(Phase.AWAITING_APPROVAL, task_number="1234", task_url=URL)
SIGN_IN = AccessState(Phase.SIGN_IN_REQUIRED, sign_in_url="https://d.example/", user_code="AB-CD")
READY = AccessState(Phase.READY)
DENIED = AccessState(Phase.DENIED, error=AccessDenied("denied: task 1234", task="1234"))
DOWN = AccessState(Phase.UNREACHABLE, error=Unreachable("ConductorOne can't be reached"))


class Writer:
    """Take notices, or fail as often as ``failures`` say; ``gate`` holds each call up."""

    def __init__(self):
        self.written = []
        self.calls = 0
        self.failures = []
        self.gate = None

    async def write(self, notice):
        self.calls += 1
        if self.gate:
            await self.gate.wait()
        if self.failures:
            raise self.failures.pop(0)
        self.written.append(notice)

    @property
    def reasons(self):
        return [notice.reason for notice in self.written]


class Stage:
    """Pod events that run, on a clock and with a writer that the test has in its hands."""

    def __init__(self):
        self.clock = VirtualClock()
        self.writer = Writer()
        self.profiles = {PROFILE.name: PROFILE}
        self.events = PodEvents(self.writer, self.clock, self.profiles.get)

    def hear(self, state, cause=Cause.LOOKED, name=PROFILE.name):
        self.profiles.setdefault(name, replace(PROFILE, name=name))
        self.events.hear(Transition(name, state, cause, self.clock.now()))

    async def tell(self, *states, name=PROFILE.name):
        """Let each state be heard and settle."""
        for state in states:
            self.hear(state, name=name)
            await self.clock.pass_time(SETTLE_S)


@pytest.fixture(name="stage")
async def _stage():
    stage = Stage()
    running = asyncio.create_task(stage.events.run())
    await stage.clock.pass_time(0)
    yield stage
    assert not running.done()
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running


def lines(caplog):
    return [(record.levelno, record.getMessage()) for record in caplog.records]


async def test_an_approval_is_told_once(stage):
    """A hundred looks at the open request are one Event, with the names that the second look brought."""
    stage.hear(ASKED)
    await stage.clock.pass_time(0.5)
    named = replace(ASKED, approvers=("Grace",))
    for _ in range(100):
        stage.hear(named)
        await stage.clock.pass_time(10)
    (notice,) = stage.writer.written
    assert notice.message == (
        f'access to "production-admin" awaits approval: task 1234 {URL} (Grace); cone task get 1234'
    )


async def test_what_passes_at_once_is_no_news(stage):
    """A request that a machine approves, or a failure that mends itself, is told as ready alone."""
    stage.hear(DOWN, Cause.ENDED)
    stage.hear(AccessState(Phase.CHECKING), Cause.ASKED)
    stage.hear(ASKED)
    stage.hear(AccessState(Phase.PROVISIONING))
    stage.hear(AccessState(Phase.PROPAGATING), Cause.GRANTED)
    stage.hear(READY, Cause.SERVED)
    await stage.clock.pass_time(60)
    assert stage.writer.reasons == ["AccessReady"]


async def test_what_is_over_before_it_is_told(stage):
    """A machine took over: nobody is called to approve."""
    stage.hear(ASKED)
    stage.hear(AccessState(Phase.PROVISIONING))
    await stage.clock.pass_time(60)
    assert stage.writer.written == []


async def test_a_look_changes_nothing(stage):
    """While we look again, what was heard before holds."""
    stage.hear(DENIED, Cause.ENDED)
    stage.hear(AccessState(Phase.CHECKING), Cause.ASKED)
    await stage.clock.pass_time(60)
    assert stage.writer.reasons == ["AccessDenied"]


async def test_a_story_without_rest_is_told(stage):
    """New words each second don't put it off."""
    for number in range(3):
        stage.hear(replace(ASKED, approvers=(str(number),)))
        await stage.clock.pass_time(0.9)
    (notice,) = stage.writer.written
    assert f"{URL} (2); " in notice.message


async def test_the_whole_story(stage):
    """Approval, sign-in, ready, trouble and ready again: each is told, renewals aren't."""
    await stage.tell(ASKED, SIGN_IN, READY)
    for _ in range(10):
        await stage.tell(AccessState(Phase.REFRESHING), READY)
        await stage.clock.pass_time(3600)
    await stage.tell(DOWN, READY)
    assert stage.writer.reasons == [
        "ApprovalPending",
        "SignInRequired",
        "AccessReady",
        "UpstreamUnreachable",
        "AccessReady",
    ]


async def test_what_still_waits_is_told_before_it_is_forgotten(stage):
    """An Event lives for an hour: a person who takes three finds it all that time."""
    for _ in range(3 * 3600 // 30):
        stage.hear(ASKED)
        await stage.clock.pass_time(30)
    assert len(stage.writer.written) == 5
    assert AGAIN_AFTER_S < 3600


async def test_one_sign_in_for_many_profiles(stage):
    """It is told once, whoever needs it; each profile's own end is told for each."""
    for name in "abcd":
        stage.hear(SIGN_IN, Cause.SIGN_IN_OFFERED, name)
    await stage.clock.pass_time(60)
    for name in "abcd":
        stage.hear(READY, Cause.SERVED, name)
    await stage.clock.pass_time(60)
    assert stage.writer.reasons == ["SignInRequired", *["AccessReady"] * 4]


async def test_nothing_is_told_of_a_profile_that_nobody_knows(stage):
    """Its story is of no profile any more."""
    stage.events.hear(Transition("gone", ASKED, Cause.LOOKED, stage.clock.now()))
    await stage.clock.pass_time(60)
    assert stage.writer.written == []


async def test_a_slow_server_holds_nobody_up(stage):
    """Meanwhile the newest of each profile waits, and what it overtook is never told."""
    stage.writer.gate = asyncio.Event()
    await stage.tell(ASKED)
    await stage.tell(DENIED, DOWN, SIGN_IN)
    assert (stage.writer.calls, stage.writer.written) == (1, [])
    stage.writer.gate.set()
    await stage.clock.pass_time(60)
    assert stage.writer.reasons == ["ApprovalPending", "SignInRequired"]


async def test_as_before_while_it_is_written(stage):
    """The same once more during the call isn't another one."""
    stage.writer.gate = asyncio.Event()
    await stage.tell(ASKED, ASKED, ASKED)
    stage.writer.gate.set()
    await stage.clock.pass_time(60)
    assert len(stage.writer.written) == 1


async def test_only_so_many_wait(stage):
    """The oldest make room."""
    stage.writer.gate = asyncio.Event()
    for number in range(MOST_WAITING + 10):
        stage.hear(DENIED, Cause.ENDED, f"p{number}")
    stage.writer.gate.set()
    await stage.clock.pass_time(MOST_WAITING * ONE_EVERY_S)
    told = [notice.profile for notice in stage.writer.written]
    assert told == [f"p{number}" for number in range(10, MOST_WAITING + 10)]


async def test_fewer_than_kubernetes_allows_itself(stage):
    """An access that comes and goes for hours: twenty Events, then one in five minutes, the last at last."""
    for _ in range(6 * 60):
        await stage.tell(DOWN, READY)
        await stage.clock.pass_time(60 - 2 * SETTLE_S)
    assert len(stage.writer.written) <= BURST + 6 * 3600 / ONE_EVERY_S
    await stage.clock.pass_time(ONE_EVERY_S)
    assert stage.writer.reasons[-1] == "AccessReady"


async def test_forbidden(stage, caplog):
    """One line says what is missing; it is tried again after ten minutes, with what is true by then."""
    stage.writer.failures = [Forbidden("events is forbidden: User x")] * 3
    with caplog.at_level(logging.INFO):
        await stage.tell(ASKED, DENIED)
        await stage.clock.pass_time(FORBIDDEN_PAUSE_S * 2)
        assert stage.writer.calls == 3
        await stage.clock.pass_time(FORBIDDEN_PAUSE_S)
    assert stage.writer.reasons == ["AccessDenied"]
    assert lines(caplog) == [
        (
            logging.WARNING,
            "pod events are not written for now: events is forbidden: User x; let the pod's service "
            "account create and patch events in its namespace",
        ),
        (logging.INFO, "pod events are written again"),
    ]


async def test_a_server_that_is_down(stage, caplog):
    """It is asked less and less often, one line says so for each reason, another that it is over."""
    stage.writer.failures = [Unavailable("down")] * 30 + [Forbidden("no"), Unavailable("down")]
    with caplog.at_level(logging.INFO):
        await stage.tell(ASKED)
        await stage.clock.pass_time(3600)
        assert 15 < stage.writer.calls < 30
        await stage.clock.pass_time(3 * 3600)
    assert len(stage.writer.written) == 1
    assert [text.rpartition(": ")[2][:4] for _, text in lines(caplog)] == [
        "down",
        "no; ",
        "down",
        "pod ",
    ]


async def test_patience_begins_anew(stage):
    """After a success, the next failure is tried again within a second or two."""
    stage.writer.failures = [Unavailable("down")] * 8
    await stage.tell(ASKED)
    await stage.clock.pass_time(3600)
    assert stage.writer.reasons == ["ApprovalPending"]
    stage.writer.failures = [Unavailable("down")]
    await stage.tell(READY)
    await stage.clock.pass_time(1)
    assert stage.writer.reasons[-1] == "AccessReady"


@pytest.mark.parametrize(("asked", "waited"), [(90, 90), (10**9, LONGEST_PAUSE_S), (0, 1)])
async def test_the_server_says_when(stage, asked, waited):
    """Retry-After counts, for five minutes at most."""
    stage.writer.failures = [Unavailable("busy", asked)]
    await stage.tell(ASKED)
    await stage.clock.pass_time(waited * 0.7 - 0.1)
    assert stage.writer.calls == 1
    await stage.clock.pass_time(waited)
    assert len(stage.writer.written) == 1


@pytest.mark.parametrize("failure", [Rejected("HTTP 422, x"), ValueError("Bearer secret")])
async def test_one_that_cannot_be_written_stops_no_other(stage, caplog, failure):
    """It is dropped with a line, which holds nothing of what was sent."""
    stage.writer.failures = [failure]
    await stage.tell(ASKED)
    await stage.clock.pass_time(60)
    await stage.tell(ASKED, READY)
    assert stage.writer.reasons == ["AccessReady"]
    assert len(caplog.records) == 1
    assert "secret" not in caplog.text
