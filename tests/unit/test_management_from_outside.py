"""A management listener that others than this machine's users reach: what it tells to whom."""

import pytest

from cone_sidecar.server import ListenAddress
from fakes.simulated_sidecar import MANAGEMENT_SECRET, TOKEN, SimulatedSidecar, client_of
from fakes.virtual_clock import VirtualClock

SCENARIO = """\
tenant: acme
users: [{email: ada@example.com}]
accounts: [{id: "100000000001", name: P}]
permission_sets:
  - {account: P, name: Granted, granted_to: [ada@example.com]}
"""
ADDRESS = ListenAddress("192.0.2.7", 9912)


@pytest.fixture(name="sidecar")
async def _sidecar(tmp_path):
    stage = SimulatedSidecar(tmp_path, VirtualClock(), SCENARIO)
    async with stage.running():
        await stage.ask("p-granted")
        yield stage.sidecar


async def look(sidecar, path, *, loopback=False, **headers):
    """Ask by the address that the connection arrives at."""
    async with client_of(sidecar.management_app(loopback=loopback), ADDRESS) as client:
        return await client.get(path, headers=headers)


@pytest.mark.parametrize("token", [None, TOKEN, "m" * 31, "Bearer " + TOKEN])
async def test_how_things_stand_is_for_who_has_the_secret(sidecar, token):
    """What people asked for, and why, is nothing for a whole network."""
    sent = {"authorization": token} if token else {}
    answer = await look(sidecar, "/status", **sent)
    assert answer.status_code == 401
    assert answer.headers["cache-control"] == "no-store"
    assert "p-granted" not in answer.text


@pytest.mark.parametrize("form", ["{}", "Bearer {}"])
async def test_the_secret_opens_it(sidecar, form):
    """As it opens commands."""
    answer = await look(sidecar, "/status", authorization=form.format(MANAGEMENT_SECRET))
    assert answer.status_code == 200
    assert list(answer.json()["profiles"]) == ["p-granted"]


async def test_on_loopback_nobody_needs_it(sidecar):
    """A person looks with curl."""
    answer = await look(sidecar, "/status", loopback=True)
    assert answer.status_code == 200


@pytest.mark.parametrize("path", ["/metrics", "/readyz/p-granted", "/readyz", "/livez"])
@pytest.mark.parametrize("loopback", [False, True])
async def test_probes_and_scrapers_need_none(sidecar, path, loopback):
    """The kubelet and Prometheus have no secret of ours."""
    assert (await look(sidecar, path, loopback=loopback)).status_code == 200


@pytest.mark.parametrize(
    ("path", "status"),
    [("/metrics", 403), ("/readyz/p-granted", 403), ("/status", 403), ("/livez", 200)],
)
async def test_a_rebound_name_is_told_of_no_profile(sidecar, path, status):
    """Nor with the secret: a web page that has it is no less a web page."""
    sent = {"host": "attacker.example", "authorization": MANAGEMENT_SECRET}
    answer = await look(sidecar, path, **sent)
    assert answer.status_code == status
    assert "p-granted" not in answer.text


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "[::1]", "LocalHost"])
@pytest.mark.parametrize("port", ["", ":9913", ":1"])
async def test_it_may_be_forwarded_to_another_port(sidecar, name, port):
    """Editors and engines give it a port that is free; loopback's names are nobody else's."""
    assert (await look(sidecar, "/status", loopback=True, host=name + port)).status_code == 200


@pytest.mark.parametrize(
    "host", ["localhost.attacker.example:9913", "localhost:x", "localhost:123456", "127.0.0.2:9913"]
)
async def test_no_other_name_is_right_at_another_port(sidecar, host):
    """A name that only begins like loopback's is anybody's."""
    assert (await look(sidecar, "/status", loopback=True, host=host)).status_code == 403


@pytest.mark.parametrize("path", ["/credentials/p-granted", "/creds"])
async def test_the_credentials_listener_is_called_by_its_own_port(sidecar, path):
    """An SDK asks where it was told to, and nobody forwards it."""
    async with client_of(sidecar.credentials_app(), ADDRESS) as client:
        sent = {"host": "localhost:9913", "authorization": TOKEN}
        assert (await client.get(path, headers=sent)).status_code == 403


@pytest.mark.parametrize("path", ["/metrics", "/readyz/p-granted", "/status"])
async def test_a_forwarded_port_is_answered(sidecar, path):
    """An editor or an engine gives the listener another port on the machine that one sits at."""
    sent = {"host": "localhost:49913", "authorization": MANAGEMENT_SECRET}
    assert (await look(sidecar, path, loopback=True, **sent)).status_code == 200
    assert (await look(sidecar, path, **sent)).status_code == 200


@pytest.mark.parametrize("path", ["/status/", "/metrics/", "/livez/", "/sign-in/", "/nowhere"])
@pytest.mark.parametrize("loopback", [False, True])
async def test_nobody_is_led_elsewhere(sidecar, path, loopback):
    """A path that is none is 404: no redirect, and nothing of the name that the caller gave."""
    answer = await look(sidecar, path, loopback=loopback, host="attacker.example")
    assert answer.status_code == 404
    assert "attacker" not in answer.text + str(answer.headers)
