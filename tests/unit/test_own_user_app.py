"""What the sidecar's own user is told through the socket: where a profile is, and its credentials."""

import pytest

from cone_sidecar.authorization_token import profile_token
from cone_sidecar.authorization_tokens import AuthorizationTokens
from cone_sidecar.profile_token_files import ProfileTokenFiles
from cone_sidecar.secret import Secret
from fakes.simulated_sidecar import ADDRESS as SOCKET
from fakes.simulated_sidecar import TOKEN, SimulatedSidecar, client_of
from fakes.virtual_clock import VirtualClock

SCENARIO = """\
tenant: acme
users: [{email: ada@example.com}]
accounts: [{id: "100000000001", name: P}]
permission_sets:
  - {account: P, name: Granted, granted_to: [ada@example.com]}
  - {account: P, name: Odd+Role, granted_to: [ada@example.com]}
  - {account: P, name: Approval, policy: approval}
"""
URLS = {"url": "http://127.0.0.1:9911"}
ODD, ODD_SLUG = "p-odd+role", "p-odd-role-d004f936"


@pytest.fixture(name="stage")
async def _stage(tmp_path):
    """Give a sidecar."""
    async with SimulatedSidecar(tmp_path, VirtualClock(), SCENARIO).running() as stage:
        yield stage


@pytest.fixture(name="own")
async def _own(stage, tmp_path):
    """Give a client of its socket."""
    tokens = AuthorizationTokens(Secret(TOKEN), clock=stage.clock)
    files = ProfileTokenFiles(tokens, tmp_path / "tokens", placed={})
    async with client_of(stage.sidecar.own_user_app(URLS, files), SOCKET) as client:
        yield client


async def test_where_a_profile_is(own, tmp_path):
    """URL, slug, region, and the token that opens this profile alone, in a file as well."""
    answer = await own.get("/profiles/p-granted/access")
    token = profile_token(Secret(TOKEN), "p-granted").reveal()
    file = tmp_path / "tokens" / "p-granted"
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json() == {
        "profile": "p-granted",
        "slug": "p-granted",
        "region": "",
        "url": "http://127.0.0.1:9911",
        "token": token,
        "token_file": str(file),
    }
    assert file.read_text() == token
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("segment", ["p-odd%2Brole", ODD_SLUG])
async def test_where_a_profile_of_an_odd_name_is(own, segment):
    """By its name or by its slug; both are told."""
    told = (await own.get(f"/profiles/{segment}/access")).json()
    assert (told["profile"], told["slug"]) == (ODD, ODD_SLUG)
    assert told["token"] == profile_token(Secret(TOKEN), ODD).reveal()
    assert told["token_file"].endswith(f"/{ODD_SLUG}")


async def test_where_no_token_is_asked_for(stage):
    """None is told."""
    async with client_of(stage.sidecar.own_user_app(URLS, None), SOCKET) as client:
        told = (await client.get("/profiles/p-granted/access")).json()
    assert set(told) == {"profile", "slug", "region", "url"}


async def test_credentials_that_are_there(stage, own):
    """They are given out without a token: whoever may open the socket is their owner."""
    status, body = await stage.ask("p-granted")
    assert status == 200
    answer = await own.get("/credentials/p-granted")
    assert (answer.status_code, answer.json()) == (200, body)
    assert answer.headers["cache-control"] == "no-store"


async def test_credentials_that_are_not_there(stage, own):
    """Asking here begins no story: whoever has to wait tells it himself."""
    answer = await own.get("/credentials/p-approval")
    assert answer.status_code == 503
    assert answer.json()["code"] == "StillProcessing"
    assert stage.statuses("TaskService.CreateGrantTask") == []
    assert stage.statuses("GetRoleCredentials") == []


@pytest.mark.parametrize("path", ["/credentials/p-nobody", "/profiles/p-nobody/access"])
async def test_nobody_of_that_name(own, path):
    """404, with what to do."""
    answer = await own.get(path)
    assert answer.status_code == 404
    assert answer.json()["code"] == "ProfileNotFound"


async def test_all_that_the_management_listener_tells(own):
    """States and commands are here too, without a secret."""
    assert set((await own.get("/status")).json()["profiles"]) == {"p-granted", ODD, "p-approval"}
    answer = await own.post("/profiles/p-granted/forget")
    assert answer.status_code == 200, answer.text


async def test_the_management_listener_tells_no_secret(stage):
    """Where a profile is and its credentials are the socket's alone."""
    for path in ("/credentials/p-granted", "/profiles/p-granted/access"):
        assert (await stage.person.get(path)).status_code == 404
