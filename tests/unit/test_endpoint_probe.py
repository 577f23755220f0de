"""What ``cone aws doctor`` makes of the endpoint's answer, and of none."""

import json
import socket
import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from cone_cli.doctor import endpoint_probe
from cone_cli.doctor.endpoint_address import full_address
from cone_cli.doctor.endpoint_probe import is_unreachable, probe
from cone_cli.doctor.finding import Level
from cone_sidecar.clock import rfc3339
from cone_sidecar.secret import Secret

TOKEN = "t" * 43


@pytest.fixture(name="answering")
def _answering():
    """Give a function that starts a server of one answer; returns its address and what it is asked."""
    running = []

    def answering(status, body):
        asked = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                asked.append((self.path, self.headers["Authorization"]))
                self.send_response(status)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        server = HTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        running.append((server, thread))
        return address_of(server.server_port), asked

    yield answering
    for server, thread in running:
        server.shutdown()
        thread.join()
        server.server_close()


def address_of(port):
    return full_address(f"http://127.0.0.1:{port}/credentials/dev?x=1")


def credentials(expires):
    return {
        "AccessKeyId": "ASIAIOSFODNN7EXAMPLE",
        "SecretAccessKey": "s" * 40,
        "Token": "k" * 60,
        "Expiration": expires,
    }


def test_credentials(answering, clock):
    """The key's last four and the seconds left are shown, and nothing else of it."""
    expires = rfc3339(clock.now() + timedelta(seconds=1200))
    address, asked = answering(200, json.dumps(credentials(expires)).encode())
    finding = probe(address, Secret(TOKEN), clock)
    assert finding.level is Level.OK
    assert "...MPLE" in finding.what
    assert " s" in finding.what
    assert "ASIA" not in finding.what
    assert "ssss" not in finding.what
    assert "kkkk" not in finding.what
    assert asked == [("/credentials/dev?x=1", TOKEN)]


@pytest.mark.parametrize(
    ("status", "fix"),
    [
        (401, 'eval "$(cone aws env dev)"'),
        (403, "cone aws status"),
        (503, "ask again"),
        (302, "cone"),
    ],
)
def test_a_refusal(answering, clock, status, fix):
    """Its message is passed on, which many clients don't do."""
    body = json.dumps({"code": "ApprovalPending", "message": "waiting for approval: task 17"})
    address, _ = answering(status, body.encode())
    finding = probe(address, Secret(TOKEN), clock)
    assert (finding.id, finding.level) == ("endpoint-answer", Level.FAIL)
    assert f"answers {status}: waiting for approval: task 17" in finding.what
    assert fix in finding.fix


def test_a_message_that_holds_the_token(answering, clock):
    """It is taken out before the message is cut: not even a part of it is left."""
    body = json.dumps({"message": "x" * 280 + TOKEN})
    address, _ = answering(403, body.encode())
    finding = probe(address, Secret(TOKEN), clock)
    assert finding.what.endswith("x***")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b'{"AccessKeyId": 1}',
        json.dumps(credentials("soon")).encode(),
        json.dumps(credentials("0001-01-01T00:00:00+05:00")).encode(),
        b"[" * 60_000,
    ],
)
def test_no_credentials(answering, clock, body):
    """200 with anything else is a failure: some clients would go on without a signature."""
    address, _ = answering(200, body)
    assert probe(address, Secret(TOKEN), clock).level is Level.FAIL


def test_expired_credentials(answering, clock):
    """A clock that is wrong is thought of."""
    expires = rfc3339(clock.now() - timedelta(seconds=5))
    address, _ = answering(200, json.dumps(credentials(expires)).encode())
    finding = probe(address, Secret(TOKEN), clock)
    assert finding.level is Level.FAIL
    assert "clock" in finding.what


def test_nobody_listens(clock):
    """It says how to start a sidecar there."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    finding = probe(address_of(port), Secret(TOKEN), clock)
    assert finding.what == f"no sidecar listens at http://127.0.0.1:{port}"
    assert finding.fix == f"cone serve --listen 127.0.0.1:{port}"
    assert is_unreachable(finding)


def test_silence(clock, monkeypatch):
    """It waits for a limited time."""
    monkeypatch.setattr(endpoint_probe, "LIMIT_S", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        finding = probe(address_of(listener.getsockname()[1]), Secret(TOKEN), clock)
    assert (finding.id, finding.level) == ("endpoint-listens", Level.FAIL)


def test_an_answer_in_drops(clock, monkeypatch):
    """The limit is for the whole answer, however often a piece of it arrives."""
    monkeypatch.setattr(endpoint_probe, "LIMIT_S", 0.2)
    ended = threading.Event()

    def drip(listener):
        connection, _ = listener.accept()
        with connection:
            try:
                while not ended.wait(0.02):
                    connection.sendall(b"x")
            except OSError:
                return

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=drip, args=(listener,))
        thread.start()
        finding = probe(address_of(listener.getsockname()[1]), Secret(TOKEN), clock)
        ended.set()
        thread.join()
    assert finding.level is Level.FAIL


@pytest.mark.parametrize("token", ["a\nb", "é" * 40, "\u20ac"])
def test_a_token_that_can_not_be_sent(answering, clock, token):
    """It is said, and nothing is asked."""
    address, asked = answering(200, b"")
    finding = probe(address, Secret(token), clock)
    assert finding.level is Level.FAIL
    assert token not in finding.what
    assert asked == [] or token == "é" * 40
