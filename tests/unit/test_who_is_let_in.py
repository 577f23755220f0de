"""Tokens at the credentials listener: the only profile, what the log hides, who waits beside whom."""

import asyncio
import base64
import hashlib
from dataclasses import replace

import httpx
import pytest

from cone_sidecar.authorization_token import profile_token
from cone_sidecar.authorization_tokens import AuthorizationTokens
from cone_sidecar.errors import ProfileNotFound, Unreachable
from cone_sidecar.secret import Secret
from cone_sidecar.web import credentials_app
from cone_sidecar.web.bad_tokens import UNHINDERED, BadTokens
from cone_sidecar.web.credentials_app import CredentialsApp
from cone_sidecar.web.guard import HostGuard
from cone_sidecar.web.profile_credentials import ProfileCredentials
from cone_sidecar.web.refusal_log import RefusalLog
from fakes.access import PROFILE, STANDING, FakeTenant
from fakes.broker_stage import BrokerStage
from fakes.virtual_clock import VirtualClock, settled

TOKEN, OLD = "t" * 43, "o" * 43
OTHER = replace(PROFILE, name="dev")
# It looks like a token, and is none.
LONG = replace(PROFILE, name="production-administrators-of-the-whole-fleet_1")
HIDDEN = "/credentials/***"


@pytest.fixture(name="clock")
def _clock():
    return VirtualClock()


class Catalogue:
    """A source of profiles that are known once they were asked for."""

    def __init__(self, *profiles):
        self.there_are = {each.name: each for each in profiles}
        self.read = False
        self.down = False

    def known(self, name):
        return self.there_are.get(name) if self.read else None

    async def profiles(self):
        if self.down:
            raise Unreachable("the tenant doesn't answer")
        self.read = True
        return list(self.there_are.values())

    async def profile(self, name):
        await self.profiles()
        if name not in self.there_are:
            raise ProfileNotFound("no such profile")
        return self.there_are[name]


def an_app(clock, catalogue, **options):
    """Return an application as it is right after a start."""
    broker = BrokerStage(clock, FakeTenant(grant=STANDING)).broker
    return CredentialsApp(
        credentials=ProfileCredentials(broker, catalogue),
        host_guard=HostGuard(),
        tokens=AuthorizationTokens(Secret(TOKEN), clock=clock),
        bad_tokens=BadTokens(clock),
        refusals=RefusalLog(clock),
        **options,
    )


async def ask(app, path, token=TOKEN, peer="127.0.0.1"):
    """Ask as a program of a peer's."""
    transport = httpx.ASGITransport(app=app, client=(peer, 50000))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:9911") as client:
        return await client.get(path, headers={"authorization": token})


def own(name, master=TOKEN):
    return profile_token(Secret(master), name).reveal()


async def test_the_only_profile_is_opened_by_its_own_token(clock):
    """Nobody named a default: where one profile is all there is, its token opens /creds from the start."""
    app = an_app(clock, Catalogue(PROFILE))
    for _ in range(2):
        assert (await ask(app, "/creds", own(PROFILE.name))).status_code == 200
        assert (await ask(app, "/creds")).status_code == 200
    assert (await ask(app, "/creds", own("dev"))).status_code == 401
    assert (await ask(app, "/creds", own(""))).status_code == 401


async def test_none_of_two_is_the_default(clock):
    """The token of one opens nothing without a name; who may see all is told what to set."""
    app = an_app(clock, Catalogue(PROFILE, OTHER))
    for profile in (PROFILE, OTHER):
        assert (await ask(app, "/creds", own(profile.name))).status_code == 401
    answer = await ask(app, "/creds")
    assert answer.status_code == 403
    assert "cone serve --default-profile <profile>" in answer.json()["message"]


async def test_a_catalogue_that_can_not_be_read(clock):
    """Which profile is the only one isn't known: nobody is let in by an own token, and nothing breaks."""
    catalogue = Catalogue(PROFILE)
    catalogue.down = True
    app = an_app(clock, catalogue)
    assert (await ask(app, "/creds", own(PROFILE.name))).status_code == 401
    answer = await ask(app, "/creds")
    assert (answer.status_code, answer.json()["code"]) == (503, "UpstreamUnreachable")


async def test_the_audit_knows_whose_credentials_a_wrong_token_was_for(clock):
    """Whoever reads the audit sees what was tried; whoever tried it isn't told whether it is there."""
    outcomes, catalogue = [], Catalogue(PROFILE, OTHER)
    catalogue.read = True
    app = an_app(
        clock, catalogue, hears=[lambda _peer, _agent, outcome, _id: outcomes.append(outcome)]
    )
    answers = [
        await ask(app, path, token)
        for path in (f"/credentials/{PROFILE.name}", "/credentials/nobody", "/nowhere")
        for token in (own(OTHER.name), "wrong")
    ]
    assert {(answer.status_code, answer.content) for answer in answers} == {
        (401, answers[0].content)
    }
    assert [outcome.profile for outcome in outcomes] == [PROFILE.name] * 2 + [""] * 4


def refusals(caplog):
    return [each.getMessage().split(": ")[1] for each in caplog.records if "refused" in each.msg]


@pytest.mark.parametrize("read", [False, True], ids=["restarted", "running"])
@pytest.mark.parametrize("master", [TOKEN, OLD])
async def test_an_own_token_in_the_url_is_not_logged(clock, caplog, read, master):
    """Whose it is isn't looked up, and it may be from before a restart: its form is enough."""
    catalogue = Catalogue(PROFILE, OTHER)
    catalogue.read = read
    token = own(OTHER.name, master)
    app = an_app(clock, catalogue)
    for path in (f"/credentials/{token}", f"/{token}", f"/role/{token}"):
        await ask(app, path, "wrong")
        await ask(app, path)
    assert token not in caplog.text
    assert refusals(caplog) == [HIDDEN] * 2 + ["/***"] * 2 + ["/role/***"] * 2


async def test_a_long_name_is_readable_in_the_log(clock, caplog):
    """Who looks for a profile's refusals finds them, though its name could be a token."""
    catalogue = Catalogue(LONG)
    catalogue.read = True
    await ask(an_app(clock, catalogue), f"/credentials/{LONG.name}", "wrong")
    assert refusals(caplog) == [f"/credentials/{LONG.name}"]


async def test_the_token_itself_in_the_url_is_not_logged(clock, caplog):
    """Whatever its length is: one of 32 characters has no form of its own."""
    short = base64.b32encode(hashlib.sha256(b"short").digest()).decode()[:32]
    app = an_app(clock, Catalogue(PROFILE))
    app._tokens = AuthorizationTokens(Secret(short), clock=clock)
    await ask(app, f"/credentials/{short}", "wrong")
    assert refusals(caplog) == [HIDDEN]


async def test_wrong_tokens_take_no_place_of_those_who_wait(clock, monkeypatch):
    """However many are slowed down, a client with the right one is waited with as before."""
    monkeypatch.setattr(credentials_app, "MOST_SLOWED", 5)
    monkeypatch.setattr(credentials_app, "MOST_WAITING", 2)
    app = an_app(clock, Catalogue(PROFILE))
    for _ in range(UNHINDERED):
        assert (await ask(app, "/creds", "wrong", "192.0.2.1")).status_code == 401
    guesses = [asyncio.create_task(ask(app, "/x", "wrong", "192.0.2.1")) for _ in range(8)]
    await settled()
    assert [guess.done() for guess in guesses] == [False] * 5 + [True] * 3
    assert (await ask(app, f"/credentials/{PROFILE.name}")).status_code == 200
    await clock.pass_time(1)
    assert {(await guess).status_code for guess in guesses} == {401}


async def test_those_who_wait_take_no_place_of_the_slowed(clock, monkeypatch):
    """A guesser isn't answered faster because many wait for their credentials."""
    monkeypatch.setattr(credentials_app, "MOST_WAITING", 1)
    monkeypatch.setattr(credentials_app, "MOST_SLOWED", 1)
    catalogue, gate = Catalogue(PROFILE), asyncio.Event()

    async def profile(name):
        await gate.wait()
        return catalogue.there_are[name]

    monkeypatch.setattr(catalogue, "profile", profile)
    app = an_app(clock, catalogue)
    waiting = [
        asyncio.create_task(ask(app, f"/credentials/{PROFILE.name}", peer=f"192.0.2.{number}"))
        for number in range(3)
    ]
    for _ in range(UNHINDERED):
        await ask(app, "/x", "wrong")
    guess = asyncio.create_task(ask(app, "/x", "wrong"))
    await settled()
    assert not guess.done()
    await clock.pass_time(1)
    assert (await guess).status_code == 401
    gate.set()
    assert (await waiting[0]).status_code == 200
    await asyncio.wait(waiting)
