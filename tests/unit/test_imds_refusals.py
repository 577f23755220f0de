"""The instance metadata listener: who is refused, and what is told where there are no credentials."""

import httpx
import pytest

from cone_sidecar.domain.task import Outcome, StepKind
from cone_sidecar.web.profile_credentials import ProfileCredentials
from fakes.access import PROFILE, FakeTenant, a_task
from fakes.imds_instance import (
    BOTOCORE,
    CRT,
    GO,
    LIFE,
    ROLES,
    TOKEN_PATH,
    Instance,
)


@pytest.fixture(name="instance")
def _instance(clock):
    return Instance(clock)


@pytest.mark.parametrize(
    "header",
    [
        {"x_forwarded_for": "192.0.2.7"},
        {"forwarded": "for=192.0.2.7"},
        {"via": "1.1 proxy"},
        {"origin": "http://evil.example"},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_mode": "cors"},
        {"cookie": "a=b"},
        {"user_agent": "Mozilla/5.0 (X11)"},
        {"host": "evil.example"},
    ],
)
async def test_browsers_and_proxies_are_refused(instance, header):
    """They get neither a token nor, with a good one, anything else."""
    put = await instance.ask("PUT", TOKEN_PATH, **{LIFE: "60"}, **header)
    assert put.status_code == 403
    assert put.json()["code"] == "RequestRefused"
    get = await instance.get(f"{ROLES}/{PROFILE.name}", **header)
    assert get.status_code == 403
    assert "ASIA" not in get.text


@pytest.mark.parametrize("method", ["POST", "DELETE", "OPTIONS", "HEAD", "PATCH", "TRACE"])
@pytest.mark.parametrize("path", [TOKEN_PATH, ROLES])
async def test_other_methods_are_refused(instance, method, path):
    """Each path has one method; there is no CORS header to hope for."""
    answer = await instance.ask(method, path)
    assert answer.status_code == 405
    assert answer.headers["allow"] == ("PUT" if path == TOKEN_PATH else "GET")
    assert not [name for name in answer.headers if name.startswith("access-control")]


async def test_the_wrong_one_of_two_methods_is_refused(instance):
    """A token isn't read, and nothing else is written."""
    get = await instance.ask("GET", TOKEN_PATH)
    assert (get.status_code, get.headers["allow"]) == (405, "PUT")
    put = await instance.ask("PUT", ROLES, **{LIFE: "60"})
    assert (put.status_code, put.headers["allow"]) == (405, "GET")


async def test_a_body_is_refused(instance):
    """No client sends one, and whatever follows it is not read as a request."""
    transport = httpx.ASGITransport(app=instance.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        answer = await client.put(
            TOKEN_PATH, headers={LIFE: "60", "user-agent": "Ruby"}, content=b"GET / HTTP/1.1"
        )
    assert answer.status_code == 400
    assert answer.headers["connection"] == "close"


@pytest.mark.parametrize(
    ("task", "status", "code"),
    [
        (a_task(StepKind.APPROVAL), 403, "ApprovalPending"),
        (a_task(outcome=Outcome.DENIED, closed=True), 403, "AccessDenied"),
    ],
)
async def test_a_refusal_is_told_with_the_credentials(clock, task, status, code):
    """The role is named all the same: clients that ask for it twice, or parse any body, stay sane."""
    instance = Instance(clock, tenant=FakeTenant(tasks=[task]))
    assert (await instance.get(ROLES)).status_code == 200
    answer = await instance.get(f"{ROLES}/{PROFILE.name}", user_agent=BOTOCORE)
    assert answer.status_code == status
    assert answer.json()["code"] == answer.json()["Code"] == code
    assert "AccessKeyId" not in answer.text


async def test_the_c_runtime_is_refused_by_401(clock):
    """It takes the body of any other refusal for credentials; 401 it understands."""
    instance = Instance(clock, tenant=FakeTenant(tasks=[a_task(StepKind.APPROVAL)]))
    answer = await instance.get(f"{ROLES}/{PROFILE.name}", user_agent=CRT)
    assert answer.status_code == 401
    assert answer.json()["code"] == "ApprovalPending"
    assert (instance.told[-1][2].code, instance.told[-1][2].status) == ("ApprovalPending", 401)
    put = await instance.ask("PUT", TOKEN_PATH, user_agent=CRT)
    assert put.status_code == 400


@pytest.mark.parametrize(
    ("user_agent", "seconds"), [(BOTOCORE, 0.9), (GO, 0.45), ("aws-sdk-go/1.55", 0.9), ("", 0.9)]
)
async def test_each_client_is_kept_as_long_as_it_waits(clock, user_agent, seconds):
    """Clients of instance metadata give up after a second, Go's second version after half of one."""
    instance, asked = Instance(clock), []

    class Watched(ProfileCredentials):
        async def obtain(self, segment, patience):
            asked.append(patience.seconds)
            return await super().obtain(segment, patience)

    instance.app._credentials.__class__ = Watched
    answer = await instance.get(f"{ROLES}/{PROFILE.name}", user_agent=user_agent)
    assert answer.status_code == 200
    assert asked == [seconds]


async def test_a_profile_that_is_gone_is_told(clock):
    """A profile that isn't there any more is refused in the words of the other listener."""
    answer = await Instance(clock, name="gone").get(f"{ROLES}/gone")
    assert answer.status_code == 403
    assert answer.json()["code"] == "ProfileNotFound"


async def test_a_fault_of_ours_is_answered(clock, instance):
    """Whatever goes wrong inside, the client gets an answer without a word of it."""
    instance.app._credentials = None
    answer = await instance.get(f"{ROLES}/{PROFILE.name}")
    assert answer.status_code == 503
    assert answer.json()["code"] == "InternalError"
