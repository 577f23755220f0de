"""docs/endpoint.md says who is refused: each row of its table is sent over a socket, and looked at."""

import re
from pathlib import Path

import pytest

from fakes.asked_endpoint import GOOD, OTHER, SCENARIO, AskedEndpoint
from fakes.raw_client import RawConnection
from fakes.simulated_stage import SimulatedStage

PAGE = (Path(__file__).parents[2] / "docs" / "endpoint.md").read_text()
TABLE = PAGE.partition("<!-- refusals: begin -->\n")[2].partition("<!-- refusals: end -->")[0]
ROWS = [
    (what, int(status), code)
    for what, status, code in re.findall(
        r"^\| ([^|]+) \| (\d{3}) \| `(\w+)` \|$", TABLE, re.MULTILINE
    )
]
STRANGER = "127.0.9.1"
REFUSAL = {"code", "message", "Code", "Message"}
LONG = "x" * 2100
LARGE = "".join(f"X-{number}: {'x' * 2000}\r\n" for number in range(9))
MANY = "".join(f"X-{number}: x\r\n" for number in range(101))
PATH = f"/credentials/{GOOD}"
# What is sent for each row, as changes to a good request: each one that the row names.
SENT = {
    "no HTTP, or another version than 1.1 and 1.0": [
        {"whole": "\x16\x03\x01\x00\xa5"},
        {"version": "HTTP/2.0"},
        {"version": "HTTP/0.9"},
    ],
    "a URL of more than 2048 bytes": [{"target": f"/{LONG}"}],
    "request line and headers of more than 16 KiB": [{"more": LARGE}],
    "more than 100 headers": [{"more": MANY}],
    "a head that isn't whole after 10 seconds": [{"whole": "GET /cred"}],
    "a whole URL in the request line, as for a proxy": [{"target": f"http://127.0.0.1{PATH}"}],
    "a client of another network than `--allow-client`": [{"source": STRANGER}],
    "another method than GET, with `Allow: GET`": [
        {"method": method} for method in ("POST", "HEAD", "OPTIONS")
    ],
    "a browser: `Origin`, `Cookie`, `Sec-Fetch-*`, a `User-Agent` that begins with `Mozilla/`": [
        {"more": f"{header}\r\n"}
        for header in (
            "Origin: null",
            "Cookie: a=b",
            "Sec-Fetch-Dest: empty",
            "User-Agent: Mozilla/5.0",
        )
    ],
    "a proxy: `X-Forwarded-For`, `Forwarded`, `Via`": [
        {"more": f"{header}\r\n"}
        for header in ("X-Forwarded-For: ::1", "Forwarded: for=_x", "Via: 1.1 x")
    ],
    "no `Host`, two, or another one": [
        {"host": ""},
        {"host": "Host: {host}\r\nHost: {host}\r\n"},
        {"host": "Host: attacker.example\r\n"},
    ],
    "a body: `Transfer-Encoding`, or a length that isn't 0": [
        {"more": "Content-Length: 1\r\n"},
        {"more": "Transfer-Encoding: chunked\r\n"},
    ],
    "no token": [{"token": ""}],
    "a wrong token, or another profile's": [
        {"token": "Authorization: wrong\r\n"},
        {"token": "Authorization: {foreign}\r\n"},
    ],
    "another path": [
        {"target": target} for target in ("/", "/credentials/", "/status", f"{PATH}/x")
    ],
    "a profile that isn't there": [
        {"target": "/credentials/p-nobody"},
        {"target": "/role/p-nobody"},
    ],
}
# Whoever sends one of these is told so whether he has a token or not.
BEFORE_THE_TOKEN = list(SENT)[:12]
GOOD_REQUEST = {
    "method": "GET",
    "target": PATH,
    "version": "HTTP/1.1",
    "host": "Host: {host}\r\n",
    "token": "Authorization: {right}\r\n",
    "more": "",
}


@pytest.fixture(name="guarded", scope="module")
def _guarded():
    """Give a sidecar that one client alone may ask."""
    with SimulatedStage() as stage:
        stage.start(SCENARIO, "--auto-confirm")
        yield AskedEndpoint(stage, "--allow-client", "127.0.0.1")


def ask(guarded, changes):
    """Send a good request with ``changes``; returns the first answer."""
    known = {
        "host": guarded.host,
        "right": guarded.token,
        "foreign": guarded.environment(OTHER)["AWS_CONTAINER_AUTHORIZATION_TOKEN"],
    }
    parts = {
        name: value.format_map(known) if name in {"host", "token"} else value
        for name, value in (GOOD_REQUEST | changes).items()
    }
    data = parts.get("whole") or (
        "{method} {target} {version}\r\n{host}{token}{more}\r\n".format_map(parts)
    )
    with RawConnection(guarded.address, source=parts.get("source", "")) as connection:
        connection.send(data.encode("latin-1"))
        return connection.answer()


def test_a_good_request_is_served(guarded):
    """Without a change, what the rows change is answered with credentials."""
    guarded.served()
    assert ask(guarded, {}).status == 200


@pytest.mark.parametrize(("what", "status", "code"), ROWS)
def test_each_row(guarded, what, status, code):
    """The status is the one of the row, and so is the code in both spellings."""
    for changes in SENT[what]:
        answer = ask(guarded, changes)
        assert answer.status == status, changes
        assert ("allow" in answer.names) == (status == 405)
        if changes.get("method") != "HEAD":
            assert set(answer.json()) == REFUSAL
            assert answer.json()["code"] == answer.json()["Code"] == code


@pytest.mark.parametrize("what", [what for what in BEFORE_THE_TOKEN if "10 seconds" not in what])
def test_no_token_is_needed_to_be_told(guarded, what):
    """These are said before the token is looked at: with a wrong one, the answer is the same."""
    for changes in SENT[what]:
        wrong = ask(guarded, {"token": "Authorization: wrong\r\n"} | changes)
        assert wrong.status == ask(guarded, changes).status != 401


def test_each_row_is_sent():
    """Nothing is promised that isn't tried, and the order is that of the table."""
    assert [what for what, _, _ in ROWS] == list(SENT)
