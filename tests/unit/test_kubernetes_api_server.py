"""Calls to the API server: on real TLS, with the service account as it is now, and each answer's meaning."""

import asyncio
import json
import traceback
from dataclasses import replace
from typing import ClassVar

import pytest

from cone_sidecar.kubernetes import api_server
from cone_sidecar.kubernetes.api_server import ApiServer, Forbidden, Rejected, Unavailable
from cone_sidecar.kubernetes.event_writer import MOST_REMEMBERED, EventWriter
from cone_sidecar.kubernetes.notice import Notice
from cone_sidecar.kubernetes.own_pod import Pod
from cone_sidecar.kubernetes.service_account import ServiceAccount
from fakes.certificate import write_signed_certificate
from fakes.kubernetes_api import HANG, TRICKLE, kubernetes_api, write_service_account

TOKEN = "first.token-of_the~account"
NEXT_TOKEN = "second.token"
POD = Pod("shop-1", "shops", "uid-1")
EVENTS = "/api/v1/namespaces/shops/events"


@pytest.fixture(name="api")
def _api(tmp_path):
    with kubernetes_api(tmp_path, TOKEN) as api:
        yield api


@pytest.fixture(name="account")
def _account(tmp_path, api):
    return write_service_account(tmp_path / "account", TOKEN, api.authority)


@pytest.fixture(name="server")
def _server(api, account, clock):
    return ApiServer(f"127.0.0.1:{api.port}", ServiceAccount(account), clock)


@pytest.fixture(name="writer")
def _writer(server, clock):
    return EventWriter(POD, server, clock)


@pytest.fixture(name="notice")
def _notice(clock):
    return Notice(
        subject="p",
        task="1",
        reason="ApprovalPending",
        message="approve https://acme.conductor.one/task/1",
        warning=True,
        profile="p",
        at=clock.now(),
    )


async def test_created_then_changed(writer, api, notice, clock):
    """The first time it is created; after that its count and time grow, and its words may be new."""
    await writer.write(notice)
    (event,) = api.events.values()
    name = event["metadata"]["name"]
    assert (event["count"], event["message"]) == (1, notice.message)
    clock.advance(60)
    await writer.write(notice)
    await writer.write(notice)
    (event,) = api.events.values()
    assert (event["count"], event["firstTimestamp"]) == (3, "2026-01-02T03:04:05Z")
    assert event["lastTimestamp"] == "2026-01-02T03:05:05Z"
    assert api.asked == [
        ("POST", EVENTS, 201),
        *[("PATCH", f"{EVENTS}/{name}", 200)] * 2,
    ]


async def test_one_that_is_gone(writer, api, notice):
    """After an hour the API server has dropped it: it is created anew, and counted from one."""
    await writer.write(notice)
    api.events.clear()
    await writer.write(notice)
    (event,) = api.events.values()
    assert event["count"] == 1
    assert [code for *_, code in api.asked] == [201, 404, 201]


async def test_only_so_much_is_remembered(clock, notice):
    """Of two hundred the oldest is forgotten, and then found again by its name."""

    class Server:
        """Take everything once."""

        created: ClassVar[list] = []

        async def create_event(self, namespace, event):
            self.created.append(event["metadata"]["name"])
            return self.created.count(self.created[-1]) == 1

        async def patch_event(self, namespace, name, changes):
            return True

    writer = EventWriter(POD, Server(), clock)
    notices = [replace(notice, task=str(number)) for number in range(MOST_REMEMBERED + 1)]
    for each in (*notices, notices[-1], notices[0]):
        await writer.write(each)
    assert len(Server.created) == MOST_REMEMBERED + 2
    assert Server.created[-1] == Server.created[0]


async def test_one_that_is_there(writer, api, notice, server, clock):
    """The container's successor finds the Event of its predecessor and changes that one, never its count."""
    await writer.write(notice)
    await writer.write(notice)
    clock.advance(60)
    successor = EventWriter(POD, server, clock)
    await successor.write(notice)
    await successor.write(notice)
    (event,) = api.events.values()
    assert (event["count"], event["lastTimestamp"]) == (2, "2026-01-02T03:05:05Z")
    assert [code for *_, code in api.asked] == [201, 200, 409, 200, 200]


async def test_the_token_is_read_each_time(writer, api, notice, account):
    """The kubelet replaces it: the next call has the new one."""
    await writer.write(notice)
    api.tokens = {NEXT_TOKEN}
    with pytest.raises(Unavailable, match="HTTP 401"):
        await writer.write(notice)
    (account / "token").write_text(NEXT_TOKEN + "\n")
    await writer.write(notice)
    assert api.bearers == [f"Bearer {TOKEN}"] * 2 + [f"Bearer {NEXT_TOKEN}"]


async def test_the_authority_is_read_each_time(writer, api, notice, account, tmp_path):
    """Only the cluster's own is trusted, and a renewed one from the next call on."""
    (tmp_path / "other").mkdir()
    other, _, _ = write_signed_certificate(tmp_path / "other")
    (account / "ca.crt").write_bytes(other.read_bytes())
    with pytest.raises(Unavailable, match=r"isn't of the authority in ca.crt"):
        await writer.write(notice)
    assert api.bearers == []
    (account / "ca.crt").write_bytes(api.authority.read_bytes())
    await writer.write(notice)


async def test_no_other_authority(writer, api, notice, account, tmp_path, monkeypatch):
    """The bundles that the environment names are for AWS and ConductorOne: here they count for nothing."""
    (tmp_path / "other").mkdir()
    other, _, _ = write_signed_certificate(tmp_path / "other")
    for name in ("SSL_CERT_FILE", "AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"):
        monkeypatch.setenv(name, str(other))
    await writer.write(notice)
    for name in ("SSL_CERT_FILE", "AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"):
        monkeypatch.setenv(name, str(api.authority))
    (account / "ca.crt").write_bytes(other.read_bytes())
    with pytest.raises(Unavailable, match="authority"):
        await writer.write(notice)


async def test_no_proxy(writer, api, notice, monkeypatch):
    """A proxy of the environment gets neither the token nor the call."""
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HTTPS_PROXY", "ALL_PROXY", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    await writer.write(notice)
    assert len(api.asked) == 1


async def test_no_redirect(writer, api, notice):
    """The token goes to no other place."""
    api.failures = [(307, {"Location": f"https://127.0.0.1:{api.port}/elsewhere"})]
    with pytest.raises(Unavailable, match="HTTP 307"):
        await writer.write(notice)
    assert len(api.asked) == 1


@pytest.mark.parametrize("code", [401, 408, 429, 500, 502, 503, 504])
async def test_what_another_try_may_mend(writer, api, notice, code):
    """Too many requests and failures, with the time that the server asks for."""
    api.failures = [(code, {"Retry-After": "7"})]
    with pytest.raises(Unavailable, match=f"HTTP {code}") as raised:
        await writer.write(notice)
    assert raised.value.retry_after == 7
    await writer.write(notice)


@pytest.mark.parametrize("code", [400, 404, 413, 422])
async def test_what_no_try_mends(writer, api, notice, code):
    """It is rejected, with the server's own words."""
    api.failures = [(code, {})]
    with pytest.raises(Rejected, match=f"HTTP {code}, as the test wants it"):
        await writer.write(notice)


async def test_forbidden(writer, api, notice):
    """The server's words say who may not do what."""
    api.failures = [(403, {})]
    with pytest.raises(Forbidden, match="as the test wants it"):
        await writer.write(notice)


async def test_no_answer(writer, api, notice, monkeypatch):
    """A server that is silent is given up, one that isn't there as well, and a call can be cancelled."""
    api.failures = [(HANG, {}), (HANG, {}), (TRICKLE, {})]
    call = asyncio.create_task(writer.write(notice))
    await asyncio.to_thread(api.until_asked, 1)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    monkeypatch.setattr(api_server, "LIMIT_S", 0.3)
    async with asyncio.timeout(5):
        for _ in range(2):
            with pytest.raises(Unavailable, match="no answer in time"):
                await writer.write(notice)
    assert api.failures == []


async def test_nobody_there(account, clock, notice):
    """A port that nobody listens on, and a name that is none."""
    for address in ("127.0.0.1:1", "no such host:443", "[::1]:1"):
        server = ApiServer(address, ServiceAccount(account), clock)
        with pytest.raises(Unavailable, match="can't be reached"):
            await EventWriter(POD, server, clock).write(notice)


@pytest.mark.parametrize("content", [b"the token\nof two lines", b"", "t\u00f6ken".encode()])
async def test_a_spoilt_token_is_not_sent(writer, api, notice, account, content):
    """Nor is it in what is raised, whatever a traceback shows."""
    (account / "token").write_bytes(content)
    with pytest.raises(Unavailable) as raised:
        await writer.write(notice)
    assert str(account / "token") in str(raised.value)
    assert "two lines" not in "".join(traceback.format_exception(raised.value))
    assert api.bearers == []


async def test_a_body_that_is_none(server, api, notice, writer):
    """A refusal by something else than an API server says no more than its status."""
    api.answer = lambda *_: (403, {}, ["x"])
    with pytest.raises(Forbidden, match="no reason"):
        await writer.write(notice)


async def test_names_stay_in_their_place(api, account, clock, notice):
    """A namespace with a slash is no other path."""
    server = ApiServer(f"127.0.0.1:{api.port}", ServiceAccount(account), clock)
    odd = Pod("shop-1", "a/../kube-system", "uid-1")
    with pytest.raises(Rejected):
        await EventWriter(odd, server, clock).write(notice)
    assert api.asked[0][1] == "/api/v1/namespaces/a%2F..%2Fkube-system/events"
    assert json.dumps(api.events) == "{}"
