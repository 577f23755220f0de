"""What our endpoint must do, third part: who is refused, and how that is told (sdk-contract §6)."""

import json
import threading
import time

import pytest

from fakes.asked_endpoint import BOTO3, CRT, GO, GOOD, JAVASCRIPT, OTHER, RUST, AskedEndpoint
from fakes.raw_client import RawConnection
from fakes.simulated_stage import SimulatedStage

SCENARIO = """\
tenant: acme
users: [{email: ada@example.com}]
accounts: [{id: "100000000001", name: P}]
permission_sets:
  - {account: P, name: Granted, granted_to: [ada@example.com]}
"""
LONGEST_MESSAGE = 160
TRIES = 100
# Wrong tokens wait for up to 0.8 s by then.
AT_ONCE_S = 0.3


def told(answer):
    """Assert that a body is one refusal in both spellings; returns code and message."""
    body = json.loads(answer.body)
    assert list(body) == ["code", "message", "Code", "Message"]
    assert answer.headers["content-type"] == "application/json"
    assert (body["code"], body["message"]) == (body["Code"], body["Message"])
    assert body["code"]
    assert body["message"]
    return body["code"], body["message"]


@pytest.mark.parametrize("token", ["", "wrong", "Bearer wrong", "x" * 43])
def test_rule_06_missing_and_wrong_tokens(endpoint, token):
    """Rule 6: 401 with a body, whether the header is missing or wrong."""
    answer = endpoint.ask(token=token)
    assert answer.status == 401
    assert told(answer)[0] == "Unauthorized"
    assert "www-authenticate" not in answer.headers


def test_rule_06_nobody_is_locked_out(endpoint):
    """Rule 6: JavaScript's second provider and AWS CLI 2.9 ask without the header: they are told apart.

    However many of them come, with a wrong token or with none, who has the right one is served at once.
    """
    endpoint.served()
    connection = endpoint.connect("127.0.6.2")
    for token in ["", "wrong"] * 14:
        assert endpoint.ask(token=token, connection=connection).status == 401
    began = time.monotonic()  # noqa: TID251 -- a client's own clock
    assert endpoint.ask(connection=connection).status == 200
    assert time.monotonic() - began < AT_ONCE_S  # noqa: TID251 -- likewise
    connection.close()


def test_rule_06_it_is_logged(endpoint):
    """Rule 6: the log has a line for it, without the token that was presented."""
    presented = "presented-" + "y" * 33
    connection = endpoint.connect("127.0.6.1")
    for token in (presented, ""):
        endpoint.get("/credentials/rule-6", token=token, connection=connection)
    connection.close()
    for why in ("wrong authorization token", "no authorization token"):
        assert presented not in endpoint.line(f"refused: /credentials/rule-6: Unauthorized: {why}")


@pytest.mark.parametrize("name", ["authorization", "AUTHORIZATION", "aUtHoRiZaTiOn"])
def test_rule_07_names_of_headers(endpoint, name):
    """Rule 7: Rust, object_store and C++ send them in lower case."""
    endpoint.served()
    sent = {name: endpoint.token, "HOST" if name.isupper() else "host": endpoint.host}
    head = "".join(f"{each}: {value}\r\n" for each, value in sent.items())
    with RawConnection(endpoint.address) as connection:
        connection.send(f"GET /credentials/{GOOD} HTTP/1.1\r\n{head}\r\n".encode())
        assert connection.answer().status == 200


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:{port}", "localhost", "localhost:{port}"])
def test_rule_08_right_hosts(endpoint, host):
    """Rule 8: with the port and without it: the CRT sends none."""
    endpoint.served()
    assert endpoint.ask(host=host.format(port=endpoint.address[1]), headers=CRT).status == 200


@pytest.mark.parametrize(
    "host", ["attacker.example", "attacker.example:{port}", "127.0.0.1:1", "127.0.0.2", ""]
)
def test_rule_08_every_other_host(endpoint, host):
    """Rule 8: a name that was rebound to 127.0.0.1 is refused, with the right token too."""
    answer = endpoint.ask(host=host.format(port=endpoint.address[1]))
    assert answer.status == 403
    assert told(answer)[0] == "RequestRefused"


@pytest.mark.parametrize(
    "headers", [JAVASCRIPT, RUST, {}, {"Accept": "*/*"}, {"Referer": "http://x/"}]
)
def test_rule_09_nothing_else_is_required(endpoint, headers):
    """Rule 9: JavaScript sends neither User-Agent nor Accept, Rust no User-Agent, Go a Referer at times."""
    endpoint.served()
    assert endpoint.ask(headers=headers).status == 200


@pytest.mark.parametrize(
    "header",
    [
        {"Origin": "http://127.0.0.1"},
        {"Sec-Fetch-Mode": "cors"},
        {"Sec-Fetch-Site": "none"},
        {"Cookie": "a=b"},
        {"X-Forwarded-For": "127.0.0.1"},
        {"Forwarded": "for=127.0.0.1"},
        {"Via": "1.1 proxy"},
    ],
)
def test_rule_09_what_no_sdk_sends(endpoint, header):
    """Rule 9: each of these comes from a browser or a proxy, and is refused before the token is read."""
    for token in (None, "wrong", ""):
        answer = endpoint.ask(headers=GO | header, token=token)
        assert (answer.status, told(answer)[0]) == (403, "RequestRefused")


def test_rule_09_a_proxy_in_between(endpoint):
    """Rule 9: the request line of one is refused: Rust and object_store send the token to HTTP_PROXY."""
    with RawConnection(endpoint.address) as connection:
        target = f"http://{endpoint.host}/credentials/{GOOD}"
        head = f"Host: {endpoint.host}\r\nAuthorization: {endpoint.token}\r\n"
        connection.send(f"GET {target} HTTP/1.1\r\n{head}\r\n".encode())
        answer = connection.answer()
    assert answer.status == 403
    assert "NO_PROXY" in answer.json()["message"]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "TRACE"])
def test_rule_10_get_alone(endpoint, method):
    """Rule 10: 405 for every other method, OPTIONS too, and no header that allows anything."""
    answer = endpoint.ask(method=method, headers={"Access-Control-Request-Method": "GET"})
    assert answer.status == 405
    assert answer.headers["allow"] == "GET"
    assert not [name for name in answer.headers if name.startswith("access-control")]


@pytest.mark.parametrize(
    ("profile", "code"),
    [
        ("p-approval", "ApprovalPending"),
        ("p-deny", "AccessDenied"),
        ("p-form", "RequestFormRequired"),
        ("p-nobody", "ProfileNotFound"),
    ],
)
def test_rule_17_a_person_has_to_act(endpoint, profile, code):
    """Rule 17: 403 with code and message in both spellings: Go, the CRT, Rust and Java ask once then.

    Java needs ``code`` beside ``message``; rclone takes a 404 for a missing directory.
    """
    answer = endpoint.ask(profile, GO)
    assert answer.status == 403
    assert told(answer)[0] == code


def test_rule_17_a_sign_in_is_needed():
    """Rule 17: 403 while nobody has signed in to AWS, with the link to do so."""
    with SimulatedStage() as stage:
        stage.start(SCENARIO)
        answer = AskedEndpoint(stage).ask(headers=GO)
    assert answer.status == 403
    code, message = told(answer)
    assert code == "SignInRequired"
    assert "user_code=" in message


def test_rule_18_503_where_another_try_helps():
    """Rule 18: 503 without Retry-After while upstream fails; once it answers again, so do we."""
    with SimulatedStage() as stage:
        stage.start(SCENARIO, "--auto-confirm")
        endpoint = AskedEndpoint(stage)
        stage.control("POST", "/faults", {"operation": "*", "status": 503})
        for _ in range(TRIES):
            if (answer := endpoint.ask(headers=GO)).code == "UpstreamUnreachable":
                break
        assert answer.status == 503
        assert told(answer)[0] == "UpstreamUnreachable"
        assert "retry-after" not in answer.headers
        stage.control("DELETE", "/faults")
        pause = threading.Event()
        for _ in range(TRIES):
            if (answer := endpoint.ask(headers=BOTO3)).status == 200:
                break
            assert answer.status == 503
            pause.wait(0.1)
        assert answer.status == 200


def test_rule_18_503_while_machines_decide(endpoint):
    """Rule 18: they may be done at the next try."""
    answer = endpoint.ask("p-never", JAVASCRIPT)
    assert (answer.status, told(answer)[0]) == (503, "StillProcessing")
    assert "retry-after" not in answer.headers


@pytest.mark.parametrize(
    ("profile", "word"),
    [
        ("p-approval", "task 10"),
        ("p-deny", "task 10"),
        ("p-form", "cone get --app-id"),
        ("p-never", "retry"),
        ("p-nobody", "cone aws status"),
    ],
)
def test_rule_19_the_message(endpoint, profile, word):
    """Rule 19: one short ASCII line that says what to do; JavaScript, Go v1, Rust, the CRT and Ruby
    never show it, so the log has the same words.
    """
    answer = endpoint.ask(profile, JAVASCRIPT)
    code, message = told(answer)
    assert answer.body.isascii()
    assert message.isprintable()
    assert len(message) <= LONGEST_MESSAGE
    assert word in message
    assert endpoint.line(f"refused: /credentials/{profile}: {code}: {message}")


def test_rule_19_no_secret_is_told(endpoint):
    """Rule 19: neither an answer nor the log holds a token, the right one in the wrong place neither."""
    own = endpoint.environment(OTHER)["AWS_CONTAINER_AUTHORIZATION_TOKEN"]
    for token in (endpoint.token, own):
        for path in (f"/{token}", f"/credentials/{token}", f"/credentials/{OTHER}?token={token}"):
            answer = endpoint.get(path, token=token[:-1])
            assert answer.status == 401
            assert token.encode() not in answer.body
    endpoint.get("/the-end")
    endpoint.line("/the-end")
    assert not [line for line in endpoint.log if endpoint.token in line or own in line]
