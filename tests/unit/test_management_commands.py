"""What a person tells the sidecar on its management listener, and who is refused."""

import asyncio
import json

import httpx
import pytest

from cone_sidecar.domain.access import Phase
from cone_sidecar.pace import SLOW_LIMIT_S
from cone_sidecar.web.access_commands import LARGEST_BODY
from fakes.issued_secrets import IssuedSecrets
from fakes.simulated_sidecar import MANAGEMENT_SECRET, TOKEN, SimulatedSidecar
from fakes.virtual_clock import VirtualClock

SCENARIO = """\
tenant: acme
users: [{email: ada@example.com, name: Ada}, {email: grace@example.com, name: Grace}]
accounts: [{id: "100000000001", name: P}]
permission_sets:
  - {account: P, name: Auto, policy: auto, max_duration: 8h}
  - {account: P, name: Approval, policy: approval, max_duration: 8h}
  - {account: P, name: Deny, policy: deny}
  - {account: P, name: Granted, granted_to: [ada@example.com]}
"""
COMMANDS = [f"/profiles/p-auto/{verb}" for verb in ("request", "refresh", "cancel", "forget")]
COMMANDS.append("/sign-in")
CREATE = "TaskService.CreateGrantTask"


class Person:
    """Send commands with the token, and remember every body that comes back."""

    def __init__(self, stage):
        self.stage = stage
        self.bodies = []

    async def post(self, path, body=None, **changes):
        """Return status and JSON."""
        headers = {"Authorization": MANAGEMENT_SECRET} | changes.pop("headers", {})
        content = json.dumps(body).encode() if body is not None else b""
        answer = await self.stage.person.post(
            path, content=changes.pop("content", content), headers=headers, **changes
        )
        self.bodies.append(answer.text)
        return answer.status_code, answer.json()

    async def tell(self, profile, verb, body=None):
        """Send a command that succeeds; returns how the profile stands."""
        status, view = await self.post(f"/profiles/{profile}/{verb}", body)
        assert status == 200, view
        return view


@pytest.fixture(name="secrets")
def _secrets():
    return IssuedSecrets()


@pytest.fixture(name="stage")
async def _stage(tmp_path, secrets):
    stage = SimulatedSidecar(tmp_path, VirtualClock(), SCENARIO)
    stage._upstream = httpx.ASGITransport(app=secrets.around(stage.simulator.app))
    async with stage.running():
        yield stage


@pytest.fixture(name="person")
def _person(stage):
    return Person(stage)


@pytest.mark.parametrize("path", COMMANDS)
async def test_without_the_token(stage, person, path):
    """Whoever lacks the token, or has another one, is refused with a code, and nothing is done."""
    answer = await stage.person.post(path)
    assert (answer.status_code, answer.json()["code"]) == (401, "Unauthorized")
    status, body = await person.post(path, headers={"Authorization": "x" * 32})
    assert (status, body["code"]) == (401, "Unauthorized")
    assert list(stage.simulator.journal.entries) == []


async def test_whoever_lacks_the_token_does_not_fill_the_log(person, caplog):
    """Each line says what was asked, on one line of ASCII; after the first ones ever fewer are written."""
    for _ in range(100):
        await person.post("/profiles/%1bevil%c3%bc/request", headers={"Authorization": "x" * 32})
    lines = [each.getMessage() for each in caplog.records if "refused: " in each.msg]
    assert lines[0].startswith("refused: /profiles/?evil?/request: Unauthorized: wrong management")
    assert len(lines) < 20


@pytest.mark.parametrize("path", COMMANDS)
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Cookie": "a=b"},
        {"Sec-Fetch-Site": "cross-site"},
        {"User-Agent": "Mozilla/5.0"},
        {"X-Forwarded-For": "10.0.0.1"},
        {"Host": "evil.example:9912"},
    ],
)
async def test_from_a_browser(stage, person, path, headers):
    """A browser, a proxy and a name that was rebound to us get nothing, even with the token."""
    status, body = await person.post(path, headers=headers)
    assert (status, body["code"]) == (403, "RequestRefused")
    assert list(stage.simulator.journal.entries) == []


@pytest.mark.parametrize("path", COMMANDS)
async def test_a_get_does_nothing(stage, path):
    """What changes something isn't there to be looked at."""
    answer = await stage.person.get(path, headers={"Authorization": MANAGEMENT_SECRET})
    assert answer.status_code == 405
    assert list(stage.simulator.journal.entries) == []


@pytest.mark.parametrize("path", COMMANDS)
@pytest.mark.parametrize(
    "content",
    [
        b"{",
        b"[]",
        b"7",
        b"\xff",
        b'{"surprise": 1}',
        b"[" * 5000,
        b'"' + b"x" * LARGEST_BODY + b'"',
    ],
)
async def test_a_bad_body(stage, person, path, content):
    """What is no JSON object of known keys is refused as a whole."""
    status, body = await person.post(path, content=content)
    assert (status, body["code"]) == (400, "InvalidUsage"), body
    assert stage.statuses(CREATE) == []


@pytest.mark.parametrize(
    "terms",
    [
        {"duration": "soon"},
        {"duration": 7},
        {"justification": ["x"]},
        {"emergency": "yes"},
        {"emergency": None},
    ],
)
async def test_bad_terms(stage, person, terms):
    """Terms that mean nothing make no request."""
    status, body = await person.post("/profiles/p-auto/request", terms)
    assert (status, body["code"]) == (400, "InvalidUsage")
    assert stage.statuses(CREATE) == []


@pytest.mark.parametrize("verb", ["request", "refresh", "cancel", "forget"])
async def test_an_unknown_profile(person, verb):
    """A profile that isn't there is a resource that isn't there."""
    status, body = await person.post(f"/profiles/p-nope/{verb}")
    assert (status, body["code"]) == (404, "ProfileNotFound")


async def test_a_request(stage, person):
    """It is made in the terms of the body, and how it stands is the answer; then it is served."""
    terms = {"justification": "incident 42", "duration": "2h", "emergency": False}
    view = await person.tell("p-auto", "request", terms)
    assert view["state"] in {"machine step", "provisioning"}
    assert view["task"] == "1001"
    assert view["task_url"].endswith("/task/1001")
    (task,) = stage.simulator.world.tasks.values()
    assert task.description == "incident 42"
    assert task.duration.total_seconds() == 7200
    await stage.clock.pass_time(5)
    assert (await stage.state("p-auto"))["state"] == "ready"


async def test_a_request_for_what_is_there(stage, person):
    """Whoever has access gets told so; nothing is requested."""
    view = await person.tell("p-granted", "request")
    assert view["served"] is True
    assert "task" not in view
    assert stage.statuses(CREATE) == []


async def test_two_requests_are_one(stage, person):
    """While a request is open, another one is that one."""
    first = await person.tell("p-approval", "request")
    second = await person.tell("p-approval", "request")
    assert first["task"] == second["task"]
    assert stage.statuses(CREATE) == [200]


async def test_after_a_denial(stage, person):
    """An SDK that asks again makes no second request; a person who does makes one at once."""
    await person.tell("p-deny", "request")
    await stage.clock.pass_time(5)
    denied = await stage.state("p-deny")
    assert denied["error"]["code"] == "AccessDenied"
    await stage.clock.pass_time(60)
    assert (await stage.ask("p-deny"))[1]["code"] == "AccessDenied"
    assert stage.statuses(CREATE) == [200]
    view = await person.tell("p-deny", "request")
    assert view["task"] != denied["task"]
    assert stage.statuses(CREATE) == [200, 200]


async def test_cancel(stage, person):
    """The open request is closed, and the profile's story ends with it; without one, that is said."""
    status, body = await person.post("/profiles/p-approval/cancel")
    assert (status, body["code"]) == (400, "InvalidUsage")
    assert body["hint"] == "cone aws request p-approval"
    await person.tell("p-approval", "request")
    await person.tell("p-approval", "cancel")
    assert stage.statuses("TaskActionsService.Close") == [200]
    await stage.clock.pass_time(SLOW_LIMIT_S)
    view = await stage.state("p-approval")
    assert (view["state"], view["error"]["code"]) == ("cancelled", "RequestCancelled")


async def test_refresh(stage, person):
    """New credentials are fetched, however fresh the old ones are; a grant is looked at, not asked for."""
    _, before = await stage.ask("p-granted")
    await stage.clock.pass_time(1)
    view = await person.tell("p-granted", "refresh")
    assert view["served"] is True
    await stage.clock.pass_time(1)
    _, after = await stage.ask("p-granted")
    assert after["AccessKeyId"] != before["AccessKeyId"]
    assert stage.statuses(CREATE) == []


async def test_forget(stage, person):
    """Credentials and failures are forgotten: who asks next is told the story from its beginning."""
    _, before = await stage.ask("p-granted")
    view = await person.tell("p-granted", "forget")
    assert view["state"] == "unknown"
    assert "served" not in view
    _, after = await stage.ask("p-granted")
    assert after["AccessKeyId"] != before["AccessKeyId"]
    await person.tell("p-deny", "request")
    await stage.clock.pass_time(5)
    await person.tell("p-deny", "forget")
    assert "error" not in await stage.state("p-deny")


async def test_the_session_is_alive(stage, person):
    """With a session nobody has to sign in, and until when is said."""
    await stage.ask("p-granted")
    status, body = await person.post("/sign-in")
    assert status == 200
    assert body["cone-sso"]["state"] == "signed in"
    assert body["cone-sso"]["expires"].endswith("Z")


async def test_one_pending_sign_in(stage, person):
    """All who ask get the same code, SDKs included; once it is confirmed, all are served."""
    stage.simulator.world.device_authorizations.auto_confirm = False
    (_, first), (_, second) = [await person.post("/sign-in") for _ in range(2)]
    offered = first["cone-sso"]
    assert offered["state"] == "sign-in required"
    assert set(offered) == {"state", "sign_in_url", "user_code", "expires"}
    assert second == first
    _, refused = await stage.ask("p-granted")
    assert refused["code"] == "SignInRequired"
    assert offered["user_code"] in refused["message"]
    assert stage.statuses("StartDeviceAuthorization") == [200]
    await stage.control("POST", f"/device/{offered['user_code']}/confirm")
    await stage.clock.pass_time(10)
    assert (await person.post("/sign-in"))[1]["cone-sso"]["state"] == "signed in"
    assert (await stage.ask("p-granted"))[0] == 200


async def test_a_session_of_another_name(person):
    """A session that no profile belongs to is refused, with the names there are."""
    status, body = await person.post("/sign-in", {"sso_session": "other"})
    assert (status, body["code"]) == (400, "InvalidUsage")
    assert body["hint"] == "one of: cone-sso"
    status, body = await person.post("/sign-in", {"sso_session": "cone-sso"})
    assert (status, set(body)) == (200, {"cone-sso"})


async def test_identity_center_is_down(stage, person):
    """An instance that can't be reached says so in its own entry."""
    await stage.break_down("StartDeviceAuthorization")
    status, body = await while_time_passes(stage, person.post("/sign-in"))
    assert status == 200
    assert body["cone-sso"]["state"] == "unreachable"
    assert body["cone-sso"]["error"]["code"] == "UpstreamUnreachable"


async def test_a_fault_of_ours(stage, person, monkeypatch):
    """What nobody foresaw is told without what was being handled."""

    async def broken(name):
        raise ValueError(f"{MANAGEMENT_SECRET} {name}")

    monkeypatch.setattr(stage.sidecar._profiles, "profile", broken)
    status, body = await person.post("/profiles/p-auto/request")
    assert (status, body["code"]) == (503, "InternalError")
    assert MANAGEMENT_SECRET not in json.dumps(body)


async def test_nothing_secret_is_told(stage, person, secrets):
    """Whatever is commanded, no answer holds credentials, a token or a device code."""
    stage.simulator.world.device_authorizations.auto_confirm = False
    _, body = await person.post("/sign-in")
    await person.tell("p-granted", "request")
    await stage.control("POST", f"/device/{body['cone-sso']['user_code']}/confirm")
    await stage.clock.pass_time(10)
    for profile in ("p-granted", "p-auto", "p-approval", "p-deny"):
        await person.tell(profile, "request", {"justification": "because"})
        await stage.clock.pass_time(5)
        await person.tell(profile, "refresh")
    await person.tell("p-approval", "cancel")
    await person.tell("p-granted", "forget")
    await person.post("/sign-in")
    await stage.arrival("p-auto", Phase.READY)
    secrets.add("authorization token", TOKEN)
    secrets.add("management secret", MANAGEMENT_SECRET)
    told = [*person.bodies, (await stage.person.get("/status")).text]
    assert {"accessToken", "deviceCode", "secretAccessKey"} <= set(secrets.by_kind)
    assert secrets.within("\n".join(told)) == []


async def while_time_passes(stage, request):
    """Wait for ``request`` while time passes."""
    asking = asyncio.ensure_future(request)
    while not asking.done():
        await stage.clock.pass_time(1)
        await asyncio.wait({asking}, timeout=0.01)
    return asking.result()
