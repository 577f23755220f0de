"""docs/endpoint.md says what a client gets in each state: the state is made, and the client asks."""

import asyncio
import contextlib
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from cone_sidecar.authorization_tokens import AuthorizationTokens
from cone_sidecar.domain.access import Phase
from cone_sidecar.domain.task import Grant, Outcome, StepKind
from cone_sidecar.errors import ConfigurationError, LoginRequired, NotRequestable, Unreachable
from cone_sidecar.secret import Secret
from cone_sidecar.web.bad_tokens import BadTokens
from cone_sidecar.web.credentials_app import CredentialsApp
from cone_sidecar.web.guard import HostGuard
from cone_sidecar.web.profile_credentials import ProfileCredentials
from cone_sidecar.web.refusal_log import RefusalLog
from fakes.access import NOT_ASSIGNED, PROFILE, STANDING, FakeTenant, a_task
from fakes.flight_stage import MINUTE, FlightStage

PAGE = (Path(__file__).parents[2] / "docs" / "endpoint.md").read_text()
TABLE = PAGE.partition("<!-- states: begin -->\n")[2].partition("<!-- states: end -->")[0]
ROW = re.compile(r"^\| `([^`]+)` \| (\d{3}) \| (?:`(\w+)`|credentials) \|", re.MULTILINE)
ROWS = [(state, int(status), code) for state, status, code in ROW.findall(TABLE)]
TOKEN = "t" * 43
BASE = "http://127.0.0.1:9911"
PATIENCE_S = 0.2
DOWN = Unreachable("down")
NEVER = 1000
ASKED_FOR_BY_PEOPLE = replace(PROFILE, terms=replace(PROFILE.terms, auto_request=False))


class Profiles:
    """A source that knows one profile."""

    def __init__(self, profile):
        self._profile = profile

    def known(self, name):
        return self._profile if name == self._profile.name else None

    async def profile(self, name):
        return self._profile


class StuckTenant(FakeTenant):
    """Never answer requests."""

    async def request_grant(self, request):
        await asyncio.Event().wait()


def closed(outcome, name=""):
    return FakeTenant(tasks=[a_task(outcome=outcome, closed=True, outcome_name=name)])


def at(step):
    return FakeTenant(tasks=[a_task(step)])


# How each state is reached: the tenant, and what is done before the client of the table asks.
TENANTS = {
    ("no grant", "NoActiveGrant"): FakeTenant,
    ("requesting", "StillProcessing"): StuckTenant,
    ("machine step", "StillProcessing"): lambda: at(StepKind.MACHINE),
    ("unknown step", "StillProcessing"): lambda: at(StepKind.UNKNOWN),
    ("awaiting approval", "ApprovalPending"): lambda: at(StepKind.APPROVAL),
    ("form required", "RequestFormRequired"): lambda: FakeTenant(form="f" * 27),
    ("awaiting repair", "RequestFailed"): lambda: FakeTenant(tasks=[a_task(outcome=Outcome.ERROR)]),
    ("provisioning", "StillProcessing"): lambda: at(StepKind.PROVISION),
    ("denied", "AccessDenied"): lambda: closed(Outcome.DENIED),
    ("not requestable", "NotRequestable"): lambda: FakeTenant(duplicate=NotRequestable("no")),
    ("cancelled", "RequestCancelled"): lambda: closed(Outcome.CANCELLED),
    ("error", "RequestFailed"): lambda: closed(Outcome.ERROR),
    ("timed out", "RequestTimedOut"): lambda: closed(Outcome.WAIT_TIMED_OUT),
    ("unknown outcome", "RequestEnded"): lambda: closed(Outcome.OTHER, "GRANT_OUTCOME_POSTPONED"),
    ("unreachable", "UpstreamUnreachable"): lambda: FakeTenant(grant=DOWN),
    ("grant expired", "StillProcessing"): lambda: at(StepKind.MACHINE),
    ("failed", "LoginRequired"): lambda: FakeTenant(grant=LoginRequired("who?")),
    ("failed", "InvalidConfiguration"): lambda: FakeTenant(grant=ConfigurationError("what?")),
}


class Client:
    """An SDK that waits, and a sidecar whose profile is brought into a state."""

    def __init__(self, state, code):
        tenant = TENANTS.get((state, code), lambda: FakeTenant(grant=STANDING))()
        by_people = code == "NoActiveGrant"
        self.stage = FlightStage(tenant, profile=ASKED_FOR_BY_PEOPLE if by_people else PROFILE)
        self.app = CredentialsApp(
            credentials=ProfileCredentials(self.stage.broker, Profiles(self.stage.profile)),
            host_guard=HostGuard(),
            tokens=AuthorizationTokens(Secret(TOKEN), clock=self.stage.clock),
            bad_tokens=BadTokens(self.stage.clock),
            refusals=RefusalLog(self.stage.clock),
            longest_wait_s=PATIENCE_S,
        )

    async def ask(self):
        headers = {"authorization": TOKEN, "user-agent": "Go-http-client/1.1"}
        transport = httpx.ASGITransport(app=self.app)
        async with httpx.AsyncClient(transport=transport, base_url=BASE) as client:
            answer = await client.get(f"/credentials/{PROFILE.name}", headers=headers)
        return answer.status_code, answer.json()

    async def reach(self, state):
        """Bring the profile into the state."""
        if state in WORLDS:
            WORLDS[state](self.stage)
        if state == "unknown":
            return
        await self.ask()
        if state in LATER:
            change, seconds = LATER[state]
            change(self.stage)
            await self.stage.clock.pass_time(seconds)


def hold(stage):
    """Let ConductorOne take its time."""
    stage.tenant.gate = asyncio.Event()


def role_unknown(stage):
    stage.center.refusals = [NOT_ASSIGNED] * NEVER


def aws_down(stage):
    stage.center.refusals = [DOWN] * NEVER


def session_over(stage):
    stage.center.signed_in = False


def conductorone_down(stage):
    stage.tenant.grant_answer = DOWN


def ten_minutes(stage):
    stage.tenant.grant_answer = Grant(stage.clock.now() + timedelta(minutes=10))


def taken_back(stage):
    stage.tenant.grant_answer = None


# How things are before anybody asks.
WORLDS = {
    "unknown": hold,
    "checking": hold,
    "propagating": role_unknown,
    "sign-in required": session_over,
    "unreachable": aws_down,
    "unverified": conductorone_down,
    "grant expired": ten_minutes,
}
# What changes once somebody has asked, and how many seconds go by then.
LATER = {
    "grant expired": (lambda stage: None, 10 * MINUTE + 5),
    "revoked": (taken_back, MINUTE + 5),
    "refreshing": (hold, 45 * MINUTE),
}


@contextlib.asynccontextmanager
async def in_state(state, code):
    client = Client(state, code)
    async with client.stage.running():
        try:
            await client.reach(state)
            yield client
        finally:
            if client.stage.tenant.gate:
                client.stage.tenant.gate.set()


@pytest.mark.parametrize(("state", "status", "code"), ROWS)
async def test_what_a_client_gets(state, status, code):
    """In this state the answer has this status, and this code in both spellings."""
    async with in_state(state, code) as client:
        assert client.stage.phase == state
        asking = asyncio.create_task(client.ask())
        if code == "PropagationTimeout":
            await client.stage.clock.pass_time(2 * MINUTE)
        answered, body = await asking
        assert (answered, body.get("code", ""), body.get("Code", "")) == (status, code, code)
        assert ("AccessKeyId" in body) == (status == 200)


def test_each_state_has_its_rows():
    """The table holds each state, in the order of the other page, and no other."""
    assert list(dict.fromkeys(state for state, _, _ in ROWS)) == [str(phase) for phase in Phase]
