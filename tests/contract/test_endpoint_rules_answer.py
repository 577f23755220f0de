"""What our endpoint must do, second part: what is answered, how soon, how often (sdk-contract §6)."""

import asyncio
import json
import re
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from cone_sidecar.clock import parse_timestamp
from cone_sidecar.domain.credentials import RoleCredentials
from cone_sidecar.secret import Secret
from cone_sidecar.web.answer import credentials_answer
from fakes.asked_endpoint import BOTO3, CRT, GO, GOOD, JAVASCRIPT, RUST, P
from fakes.raw_client import RawConnection
from fakes.simulated_sidecar import SimulatedSidecar
from fakes.virtual_clock import VirtualClock

SCENARIO = """\
tenant: acme
users: [{email: ada@example.com}]
accounts: [{id: "100000000001", name: P}]
permission_sets:
  - {account: P, name: Granted, granted_to: [ada@example.com]}
  - {account: P, name: Approval, policy: approval}
lifetimes: {access_token: 8h, role_credentials: 1h}
"""
FIELDS = {"AccessKeyId", "SecretAccessKey", "Token", "Expiration", "AccountId"}
MINUTE, HOUR = 60, 3600
# What botocore takes for too little.
LEAST_LIFE = timedelta(minutes=15)
LEAST_SERVED = timedelta(seconds=60)
# A client with a limit of a second; the machine is slow at times.
UNKNOWN_LIMIT_S, SLACK_S = 0.9, 1.5
CREATE = "TaskService.CreateGrantTask"
REQUESTS_S = 500
PIPELINED = 50


def timed(endpoint, profile, headers):
    began = time.monotonic()  # noqa: TID251 -- a client's own clock
    answer = endpoint.ask(profile, headers)
    return answer, time.monotonic() - began  # noqa: TID251 -- likewise


def requests_upstream(endpoint, operation):
    return endpoint.stage.statuses(operation)


@pytest.fixture(name="virtual")
async def _virtual(tmp_path):
    """Give a sidecar in this process, on a clock that the test moves."""
    async with SimulatedSidecar(tmp_path, VirtualClock(), SCENARIO).running() as stage:
        yield stage


@pytest.mark.parametrize("headers", [JAVASCRIPT, {"User-Agent": "Ruby", "Accept": "*/*"}])
def test_rule_11_an_unknown_client_is_answered_within_its_second(endpoint, headers):
    """Rule 11: JavaScript v2, fromContainerMetadata, C++, Ruby, Java and PHP give up after a second."""
    endpoint.ask("p-never", headers)
    answer, seconds = timed(endpoint, "p-never", headers)
    assert (answer.status, answer.code) == (503, "StillProcessing")
    assert seconds < SLACK_S


def test_rule_11_botocore_is_answered_within_two_seconds(endpoint):
    """Rule 11: boto3 and the AWS CLI give up after two."""
    answer, seconds = timed(endpoint, "p-never", BOTO3)
    assert answer.status == 503
    assert UNKNOWN_LIMIT_S < seconds < 2


@pytest.mark.parametrize(("client", "headers"), [("go", GO), ("crt", CRT), ("rust", RUST)])
def test_rule_11_who_waits_is_kept(endpoint, client, headers):
    """Rule 11: while machines decide, Go's, the CRT's and Rust's first call succeeds instead of failing.

    The machine of each profile takes two seconds.
    """
    assert endpoint.ask(f"p-soon-{client}", headers).status == 200


def test_rule_11_nobody_waits_for_a_person(endpoint):
    """Rule 11: however patient the client, an approval that is pending is told at once."""
    endpoint.ask("p-approval", GO)
    answer, seconds = timed(endpoint, "p-approval", GO)
    assert (answer.status, answer.code) == (403, "ApprovalPending")
    assert seconds < SLACK_S


def test_rule_12_one_call_upstream(endpoint):
    """Rule 12: tries that timed out and their repetitions cost one request and one fetch upstream."""
    endpoint.stage.forget_requests()
    with ThreadPoolExecutor(40) as pool:
        answers = list(pool.map(lambda _: endpoint.ask("p-herd", GO).status, range(40)))
    assert set(answers) == {200}
    assert len(requests_upstream(endpoint, CREATE)) == 1
    assert requests_upstream(endpoint, "GetRoleCredentials").count(200) == 1


def test_rule_12_a_client_that_hung_up_costs_nothing(endpoint):
    """Rule 12: who gives up and asks again joins the story that his first try began."""
    endpoint.stage.forget_requests()
    for _ in range(5):
        with socket.create_connection(endpoint.address) as caller:
            caller.sendall(
                f"GET /credentials/p-cold HTTP/1.1\r\nHost: {endpoint.host}\r\n"
                f"Authorization: {endpoint.token}\r\n\r\n".encode()
            )
    endpoint.served("p-cold")
    assert requests_upstream(endpoint, "GetRoleCredentials") == [200]


def test_rule_13_the_body(endpoint):
    """Rule 13: one object with the four fields and the account, non-empty strings, and no Code.

    botocore, JavaScript, Rust and object_store fail without any of the four; for Rust, a Code is an error.
    """
    answer = endpoint.served()
    body = json.loads(answer.body.decode("ascii"))
    assert set(body) == FIELDS
    assert all(isinstance(value, str) and value for value in body.values())
    assert body["AccountId"] == P
    assert re.fullmatch(r"[0-9]{12}", body["AccountId"])


def test_rule_14_expiration(endpoint):
    """Rule 14: UTC with the letter Z; JavaScript and Rust refuse an offset."""
    text = endpoint.served().json()["Expiration"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", text)


@pytest.mark.parametrize("microseconds", [0, 1, 999_999])
def test_rule_14_seconds_are_rounded_down(microseconds):
    """Rule 14: whole seconds, and never one too many."""
    ends = datetime(2026, 1, 2, 3, 4, 5, microseconds, tzinfo=UTC)
    credentials = RoleCredentials("ASIA", Secret("k"), Secret("t"), ends, P)
    assert json.loads(credentials_answer(credentials).body)["Expiration"] == "2026-01-02T03:04:05Z"


async def test_rule_15_enough_life(virtual):
    """Rule 15: in three hours, no answer has less than 15 minutes left: botocore would ask per call."""
    for _ in range(3 * HOUR // MINUTE):
        status, body = await virtual.ask("p-granted")
        assert status == 200
        left = parse_timestamp(body["Expiration"]) - virtual.clock.now()
        assert left > LEAST_LIFE
        await virtual.clock.pass_time(MINUTE)


async def test_rule_15_and_16_when_renewal_fails(virtual):
    """Rules 15 and 16: the old credentials are served as long as they are any good, and then no more.

    botocore, the CRT, object_store and Go fail on an error though their own copy is valid; Go,
    JavaScript, C++, the CRT, Rust and Ruby would use expired ones.
    """
    status, body = await virtual.ask("p-granted")
    ends = parse_timestamp(body["Expiration"])
    await virtual.break_down("GetRoleCredentials")
    while ends - virtual.clock.now() > LEAST_SERVED + timedelta(seconds=5):
        status, body = await virtual.ask_while_time_passes("p-granted")
        assert (status, parse_timestamp(body["Expiration"])) == (200, ends)
        await virtual.clock.pass_time(30)
    await virtual.clock.pass_time(10)
    for _ in range(10):
        status, body = await virtual.ask_while_time_passes("p-granted")
        assert status == 503
        assert "AccessKeyId" not in body
        await virtual.clock.pass_time(15)


async def test_rule_16_never_expired_ones(virtual):
    """Rule 16: whoever comes back after hours gets new ones, however long nobody asked."""
    for idle in (HOUR - 30, HOUR, 5 * HOUR):
        await virtual.ask("p-granted")
        await virtual.clock.pass_time(idle)
        status, body = await virtual.ask_while_time_passes("p-granted")
        assert status == 200
        assert parse_timestamp(body["Expiration"]) - virtual.clock.now() > LEAST_LIFE


def test_rule_20_asking_is_the_trigger(endpoint):
    """Rule 20: the first question asks for access, once: botocore and JavaScript repeat for 3 seconds."""
    endpoint.stage.forget_requests()
    for headers in (BOTO3, BOTO3, BOTO3, JAVASCRIPT, JAVASCRIPT, GO):
        endpoint.ask("p-trigger", headers)
    assert endpoint.ask("p-trigger", GO).code == "ApprovalPending"
    assert len(requests_upstream(endpoint, CREATE)) == 1


async def test_rule_20_for_15_seconds_at_least(virtual):
    """Rule 20: a client that repeats for longer asks for no second time, whatever it is told."""
    await virtual.ask_while_time_passes("p-approval")
    for _ in range(30):
        await virtual.clock.pass_time(1)
        assert (await virtual.ask("p-approval"))[1]["code"] == "ApprovalPending"
    assert len(virtual.statuses(CREATE)) == 1


@pytest.mark.parametrize("headers", [BOTO3, GO, RUST, JAVASCRIPT, {"Accept-Encoding": "gzip, br"}])
def test_rule_21_headers(endpoint, headers):
    """Rule 21: JSON with its length, never stored, never compressed, no cookie, no redirect."""
    endpoint.served()
    answer = endpoint.ask(headers=headers)
    assert answer.status == 200
    assert answer.headers == {
        "content-type": "application/json",
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
        "content-length": str(len(answer.body)),
    }


@pytest.mark.parametrize(
    "path",
    ["/credentials/p-granted/", "//credentials/p-granted", "/credentials", "/creds/", "/role", "/"],
)
def test_rule_21_no_redirect(endpoint, path):
    """Rule 21: no path leads to another one: Go v1, MinIO, C++ and object_store would follow."""
    answer = endpoint.get(path)
    assert answer.status == 404
    assert "location" not in answer.headers


def test_rule_22_connections_are_kept(endpoint):
    """Rule 22: a connection serves many requests, refusals too, and stays open for more than 5 s idle."""
    endpoint.served()
    connection = endpoint.connect()
    try:
        connection.connect()
        used = connection.sock
        for token in (None, "wrong", "", None):
            status = endpoint.ask(token=token, connection=connection).status
            assert status == (200 if token is None else 401)
            assert connection.sock is used
        used.settimeout(5.5)
        with pytest.raises(TimeoutError):
            used.recv(1)
        assert endpoint.ask(connection=connection).status == 200
        assert connection.sock is used
    finally:
        connection.close()


def test_rule_22_the_listener_stays_open(endpoint):
    """Rule 22: while profiles are read anew, nobody is refused: C++ and MinIO would go on unsigned."""
    endpoint.served()
    config = endpoint.stage.home / ".aws" / "config"
    whole = config.read_text()
    for number in range(20):
        config.write_text(f"{whole}\n# {number}\n")
        assert endpoint.ask(headers=GO).status == 200
    config.write_text(whole)


def test_rule_23_rate(endpoint):
    """Rule 23: a client that asks per call gets 500 answers a second, none of them 429, none upstream."""
    endpoint.served()
    endpoint.stage.forget_requests()
    request = (
        f"GET /credentials/{GOOD} HTTP/1.1\r\nHost: {endpoint.host}\r\n"
        f"Authorization: {endpoint.token}\r\nAccept: application/json\r\n\r\n"
    ).encode()
    number = 2 * REQUESTS_S
    began = time.monotonic()  # noqa: TID251 -- a client's own clock
    with RawConnection(endpoint.address) as connection:
        statuses = []
        for _ in range(number // PIPELINED):
            connection.send(request * PIPELINED)
            statuses += [connection.answer().status for _ in range(PIPELINED)]
    taken = time.monotonic() - began  # noqa: TID251 -- likewise
    assert statuses == [200] * number
    assert number / taken > REQUESTS_S
    assert requests_upstream(endpoint, "GetRoleCredentials") == []


async def test_rule_23_no_limit_is_told(virtual):
    """Rule 23: nobody who asks too often is told to come back later, whatever the answer is."""
    seen = set()
    for _ in range(50):
        asking = asyncio.create_task(
            virtual.sdk.get("/credentials/p-granted", headers={"Authorization": "wrong"})
        )
        await virtual.clock.pass_time(1)
        answer = await asking
        seen.add((answer.status_code, "retry-after" in answer.headers))
    assert seen == {(401, False)}
