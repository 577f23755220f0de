"""Three hours of work with credentials of ten minutes: no call fails, and not much is asked upstream."""

import asyncio
from datetime import timedelta

import boto3
import botocore.auth
import botocore.session
import httpx
import pytest
from botocore.awsrequest import AWSResponse
from botocore.credentials import ContainerProvider, CredentialResolver
from botocore.utils import ContainerMetadataFetcher

from clients.world import TOKEN, URI
from cone_sidecar.clock import parse_timestamp
from fakes.simulated_sidecar import ADDRESS, UPSTREAM, SimulatedSidecar
from fakes.simulated_sidecar import TOKEN as SECRET
from fakes.virtual_clock import VirtualClock

SCENARIO = """\
tenant: acme
users: [{email: ada@example.com}]
accounts: [{id: "100000000001", name: P}]
permission_sets:
  - {account: P, name: Granted, granted_to: [ada@example.com]}
lifetimes: {access_token: 1h, role_credentials: 10m}
"""
PROFILE = "p-granted"
EVERY_S = 30
CALLS = 3 * 3600 // EVERY_S
# They are renewed when a third of their ten minutes is left; it may take a look and a call to see that.
FEWEST, MOST = 3 * 6, 3 * 10
# How long before the end SDKs renew: PHP, JavaScript v2, Rust, Go, Python.
WINDOWS_S = (0, 15, 60, 300, 900)
LEAST_LIFE = timedelta(seconds=60)


@pytest.fixture(name="stage")
async def _stage(tmp_path):
    """Give a sidecar and its upstream, on a clock of their own."""
    async with SimulatedSidecar(tmp_path, VirtualClock(), SCENARIO).running() as stage:
        yield stage


class Bridge:
    """What botocore sends over: to the sidecar and to STS, both in this process."""

    def __init__(self, stage):
        self._loop = asyncio.get_running_loop()
        self._sidecar = stage.sdk
        self._sts = httpx.AsyncClient(transport=stage._upstream)

    def send(self, request):
        """Return the answer; called in botocore's thread."""
        return asyncio.run_coroutine_threadsafe(self._send(request), self._loop).result()

    async def _send(self, request):
        client = self._sidecar if request.url.startswith(ADDRESS.url) else self._sts
        answer = await client.request(
            request.method, request.url, headers=dict(request.headers), content=request.body
        )
        return Read(request.url, answer)


class Read(AWSResponse):
    """An answer that has been read to its end."""

    def __init__(self, url, answer):
        super().__init__(url, answer.status_code, answer.headers, None)
        self._content = answer.content


def sts_of_boto3(clock, bridge):
    """Make boto3's client of STS, with the container's credentials and on the sidecar's clock."""
    environment = {URI: f"{ADDRESS.url}/credentials/{PROFILE}", TOKEN: SECRET}
    fetcher = ContainerMetadataFetcher(session=bridge, sleep=no_second_try)
    session = botocore.session.Session()
    session.register_component(
        "credential_provider", CredentialResolver([ContainerProvider(environment, fetcher)])
    )
    session.get_credentials()._time_fetcher = clock.now
    client = boto3.Session(botocore_session=session).client(
        "sts", region_name="us-east-1", endpoint_url=UPSTREAM
    )
    client.meta.events.register("before-send.sts", lambda request, **_: bridge.send(request))
    return client


def no_second_try(_):
    """Fail: the SDK pauses only after a try that failed."""
    raise AssertionError("the sidecar refused")


async def test_boto3_makes_calls_for_three_hours(stage, monkeypatch):
    """One process, a call each half minute: STS confirms each of them, and none needs a second try."""
    monkeypatch.setattr(
        botocore.auth, "get_current_datetime", lambda: stage.clock.now().replace(tzinfo=None)
    )
    sts = await asyncio.to_thread(sts_of_boto3, stage.clock, Bridge(stage))
    for _ in range(CALLS):
        identity = await asyncio.to_thread(sts.get_caller_identity)
        assert ":assumed-role/AWSReservedSSO_Granted_" in identity["Arn"]
        await stage.clock.pass_time(EVERY_S)
    assert stage.statuses("GetCallerIdentity") == [200] * CALLS
    renewals = stage.statuses("GetRoleCredentials")
    assert FEWEST <= len(renewals) <= MOST
    assert set(renewals) == {200}


async def test_whenever_a_client_renews(stage):
    """What it was given lives when it is given and until it asks again, in any SDK's window."""
    windows = {timedelta(seconds=seconds): stage.clock.now() for seconds in WINDOWS_S}
    for _ in range(CALLS):
        now = stage.clock.now()
        for window, ends in windows.items():
            if ends - now <= window:
                status, body = await stage.ask(PROFILE)
                assert status == 200, body
                windows[window] = parse_timestamp(body["Expiration"])
                assert windows[window] - now >= LEAST_LIFE
            assert windows[window] > now
        await stage.clock.pass_time(EVERY_S)
    assert len(stage.statuses("GetRoleCredentials")) <= MOST
