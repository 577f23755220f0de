"""The credentials listener, in process: who is let in, and what an SDK reads."""

import http.client
import io
import json

import httpx
import pytest

from cone_sidecar.authorization_tokens import AuthorizationTokens
from cone_sidecar.broker import AccessBroker
from cone_sidecar.domain.task import Outcome, StepKind
from cone_sidecar.errors import ProfileNotFound
from cone_sidecar.secret import Secret
from cone_sidecar.store import MemoryStore
from cone_sidecar.surroundings import Surroundings
from cone_sidecar.web.answer import credentials_answer
from cone_sidecar.web.bad_tokens import BadTokens
from cone_sidecar.web.client_patience import patience_of
from cone_sidecar.web.credentials_app import CredentialsApp
from cone_sidecar.web.guard import HostGuard
from cone_sidecar.web.profile_credentials import ProfileCredentials
from cone_sidecar.web.refusal_log import RefusalLog
from fakes.access import (
    PROFILE,
    STANDING,
    FakeConnections,
    FakeIdentityCenter,
    FakeTenant,
    Recorder,
    a_task,
)
from fakes.clock import HeldClock

TOKEN = "t" * 43
URL = f"/credentials/{PROFILE.name}"


class OneProfile:
    """A source that knows one profile."""

    def known(self, name):
        return PROFILE if name == PROFILE.name else None

    async def profile(self, name):
        if name != PROFILE.name:
            raise ProfileNotFound(f"no profile {name}")
        return PROFILE

    async def profiles(self):
        return [PROFILE]


def an_app(clock, tenant=None, longest_wait_s=5.0):
    tenant = tenant or FakeTenant(grant=STANDING)
    broker = AccessBroker(
        Surroundings(
            connections=FakeConnections(tenant, FakeIdentityCenter(clock)),
            store=MemoryStore(),
            clock=clock,
            events=Recorder(),
        )
    )
    return CredentialsApp(
        credentials=ProfileCredentials(broker, OneProfile()),
        host_guard=HostGuard(),
        tokens=AuthorizationTokens(Secret(TOKEN), clock=clock),
        bad_tokens=BadTokens(clock),
        refusals=RefusalLog(clock),
        longest_wait_s=longest_wait_s,
    )


async def ask(app, url=URL, method="GET", **headers):
    sent = {"authorization": TOKEN, "host": "127.0.0.1:9911"}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    sent = {name: value for name, value in sent.items() if value is not None}
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:9911") as client:
        return await client.request(method, url, headers=sent)


async def test_an_sdk_gets_the_fields_that_all_of_them_need(clock):
    """The answer has exactly the five fields, with a time in Z and whole seconds."""
    answer = await ask(an_app(clock))
    assert answer.status_code == 200
    body = answer.json()
    assert list(body) == ["AccessKeyId", "SecretAccessKey", "Token", "Expiration", "AccountId"]
    assert body["Expiration"] == "2026-01-02T04:04:05Z"
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    assert int(answer.headers["content-length"]) == len(answer.content)


@pytest.mark.parametrize("value", [TOKEN, f"Bearer {TOKEN}"])
async def test_the_token_opens_raw_and_as_bearer(clock, value):
    """The header's value is compared raw and without a scheme."""
    assert (await ask(an_app(clock), authorization=value)).status_code == 200


@pytest.mark.parametrize("value", [None, "", "wrong", TOKEN[:-1], TOKEN + "x", "Bearer wrong"])
async def test_without_the_token_there_is_nothing(clock, value):
    """A missing or wrong token is refused with a body that says how to set it."""
    answer = await ask(an_app(clock), authorization=value)
    assert answer.status_code == 401
    assert answer.json()["code"] == "Unauthorized"
    assert "ASIA" not in answer.text


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:9911", "localhost", "LOCALHOST:9911"])
async def test_hosts_with_and_without_port_are_right(clock, host):
    """The CRT sends no port; names are compared without case."""
    assert (await ask(an_app(clock), host=host)).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1:80", "127.0.0.1.evil.example", "", "127.0.0.1:9911@x"]
)
async def test_other_hosts_are_refused(clock, host):
    """A rebound name is refused before the token is looked at."""
    answer = await ask(an_app(clock), host=host, authorization=None)
    assert answer.status_code == 403
    assert answer.json()["code"] == "RequestRefused"


@pytest.mark.parametrize(
    "header",
    [
        {"origin": "http://evil.example"},
        {"sec_fetch_site": "cross-site"},
        {"cookie": "a=b"},
        {"x_forwarded_for": "1.2.3.4"},
        {"forwarded": "for=1.2.3.4"},
        {"via": "1.1 proxy"},
        {"user_agent": "Mozilla/5.0 (X11)"},
    ],
)
async def test_browsers_and_proxies_are_refused(clock, header):
    """What no SDK sends is refused, with the right token too."""
    assert (await ask(an_app(clock), **header)).status_code == 403


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "HEAD", "PATCH"])
async def test_only_get_is_answered(clock, method):
    """Other methods get 405, and no CORS header."""
    answer = await ask(an_app(clock), method=method)
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET"
    assert not [name for name in answer.headers if name.startswith("access-control")]


@pytest.mark.parametrize(
    "path",
    ["/credentials/nobody", "/credentials/..%2F..%2Fetc", "/credentials/%00", "/credentials/a%0Ab"],
)
async def test_unknown_profiles_are_not_reflected(clock, path):
    """An unknown name gets 403 and is not sent back."""
    answer = await ask(an_app(clock), path)
    assert answer.status_code == 403
    assert answer.json()["code"] == "ProfileNotFound"
    assert "nobody" not in answer.text
    assert "etc" not in answer.text


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/credentials",
        "/credentials/",
        "/credentials/a/b",
        "/creds/",
        "/role/",
        "/ROLE/x",
        "/role-arn/x",
    ],
)
async def test_other_paths_are_nowhere(clock, path):
    """There are three paths, and nothing near them."""
    assert (await ask(an_app(clock), path)).status_code == 404


async def test_percent_encoding_is_undone_once(clock):
    """An encoded name is the same name; a name encoded twice is another."""
    app = an_app(clock)
    assert (await ask(app, "/credentials/production%2Dadmin")).status_code == 200
    assert (await ask(app, "/credentials/production%252Dadmin")).status_code == 403


@pytest.mark.parametrize(
    ("task", "wait_s", "status", "code"),
    [
        (a_task(StepKind.APPROVAL), 5.0, 403, "ApprovalPending"),
        (a_task(StepKind.MACHINE), 0.3, 503, "StillProcessing"),
        (a_task(outcome=Outcome.DENIED, closed=True), 5.0, 403, "AccessDenied"),
    ],
)
async def test_a_refusal_is_a_sentence_for_a_person(clock, task, wait_s, status, code):
    """Both spellings, one ASCII line of at most 160 characters, the task before its URL."""
    app = an_app(HeldClock(), FakeTenant(tasks=[task]), longest_wait_s=wait_s)
    answer = await ask(app, user_agent="Go-http-client/1.1")
    assert answer.status_code == status
    body = answer.json()
    assert body["code"] == body["Code"] == code
    assert body["message"] == body["Message"]
    assert body["message"].isascii()
    assert len(body["message"]) <= 160
    assert "task 1234 https://acme.conductor.one/task/1234" in body["message"]
    assert json.loads(answer.content) == body


@pytest.mark.parametrize(
    ("user_agent", "accept", "seconds"),
    [
        (b"", b"", 0.9),
        (b"", b"application/json", 4.5),
        (b"python-urllib3/2.5.0", b"application/json", 1.8),
        (b"Python/3.11 aiohttp/3.14.5", b"application/json", 1.8),
        (b"Go-http-client/1.1", b"application/json", 30.0),
        (b"aws-sdk-go/1.44.298 (go1.22; linux; amd64)", b"application/json", 30.0),
        (b"rclone/v1.60.1-DEV", b"application/json", 30.0),
        (b"aws-sdk-crt/ecs-credentials-provider", b"application/json", 30.0),
        (b"object_store/0.14.2", b"*/*", 30.0),
        (b"aws-sdk-nodejs/2.1693.0 linux/v20", b"application/json", 0.9),
        (b"aws-sdk-cpp/1.11.800", b"*/*", 0.9),
        (b"Ruby", b"*/*", 0.9),
        (b"something/1", b"", 0.9),
    ],
)
def test_each_client_is_kept_as_long_as_it_waits(user_agent, accept, seconds):
    """The limit is what the client is known to wait (sdk-contract §2.3)."""
    assert patience_of(user_agent, accept).seconds == seconds


class WholeAnswer:
    """Bytes, as http.client reads them from a socket."""

    def __init__(self, data):
        self._data = data

    def makefile(self, *_):
        """Give a file of them."""
        return io.BytesIO(self._data)


async def test_what_is_kept_whole_is_the_same_answer(clock):
    """The bytes that are sent in one write say what status, headers and body say one by one."""
    center = FakeIdentityCenter(clock)
    answer = credentials_answer(await center.role_credentials("000000000001", "Admin"))
    parsed = http.client.HTTPResponse(WholeAnswer(answer.whole))
    parsed.begin()
    assert (parsed.version, parsed.status, parsed.reason) == (11, answer.status, "OK")
    assert parsed.getheaders() == [
        (name.decode(), value.decode()) for name, value in answer.headers
    ]
    assert parsed.read() == answer.body
    assert answer.whole.endswith(b"\r\n\r\n" + answer.body)
    assert "ASIA" not in repr(answer)
