"""``cone help``, ``get-user``, ``token``, and errors in JSON, as processes."""

import json

import httpx
import pytest

from cone_cli.stage import cone_command
from fakes.access_commands import SCENARIO


@pytest.fixture(name="stage", scope="module")
def _stage(simulated_once):
    simulated_once.url = simulated_once.start_simulator(SCENARIO)
    return simulated_once


@pytest.mark.parametrize(
    ("words", "same"),
    [
        ([], ["--help"]),
        (["task"], ["task", "--help"]),
        (["aws"], ["aws", "--help"]),
        (["help"], ["--help"]),
        (["help", "task", "get"], ["task", "get", "--help"]),
        (["help", "aws"], ["aws", "--help"]),
        (["help", "aws", "setup", "show"], ["aws", "setup", "show", "--help"]),
    ],
)
def test_help(stage, words, same):
    """It is what --help says, also where no command is named."""
    done, asked = stage.cone(*words), stage.cone(*same)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("usage: cone")
    assert done.stdout == asked.stdout


def test_people(stage):
    """Whoami and get-user show the same person, times to the second; the id is in the wide table."""
    me = json.loads(stage.cone("whoami", "-o", "json").stdout)
    shown = stage.cone("get-user", me["id"], "-o", "wide")
    assert shown.stdout == stage.cone("whoami", "-o", "wide").stdout
    rows = dict(line.split(" | ") for line in shown.stdout.splitlines())
    rows = {name.strip(): value for name, value in rows.items()}
    assert list(rows) == [
        "Id",
        "Email",
        "Status",
        "Job Title",
        "Department",
        "Employment Status",
        "Employment Type",
        "Created At",
    ]
    assert rows["Id"] == me["id"]
    assert len(rows["Created At"]) == len("2026-01-02T03:04:05Z")


@pytest.mark.parametrize("user_id", ["nobody", "0" * 27])
def test_somebody_unknown(stage, user_id):
    """A malformed id and an unknown one are both nobody's."""
    done = stage.cone("get-user", user_id)
    assert (done.returncode, done.stdout) == (1, "")
    assert "no such person" in done.stderr


def test_token(stage):
    """It opens the API; the header's value alone, as a table, and as the original's JSON."""
    raw = stage.cone("token", "--raw").stdout.rstrip("\n")
    answer = httpx.get(
        f"{stage.url}/api/v1/auth/introspect", headers={"Authorization": raw}, timeout=10
    )
    assert answer.status_code == 200
    told = json.loads(stage.cone("token", "-o", "json").stdout)
    assert told | {"Expiry": ""} == {"AccessToken": raw, "TokenType": "Bearer", "Expiry": ""}
    table = stage.cone("token").stdout
    assert table == (
        f"Access Token | {raw}\nToken Type   | Bearer\nExpiry       | {told['Expiry']}\n"
    )


def test_a_token_that_was_given_has_no_known_end(stage):
    """Nobody tells how long it lives."""
    environment = stage.environment | {"CONDUCTORONE_ACCESS_TOKEN": "given"}
    done = stage.attempt([*cone_command(), "token", "-o", "json"], environment)
    assert json.loads(done.stdout) == {
        "AccessToken": "Bearer given",
        "TokenType": "Bearer",
        "Expiry": "",
    }


@pytest.mark.parametrize(
    ("arguments", "exit_code", "code"),
    [
        (["task", "get", "9999", "-o", "json"], 1, "UpstreamRejected"),
        (["-o", "json-pretty", "search", "-o", "json", "--alias"], 2, ""),
        (["get", "-o", "json-pretty"], 2, "InvalidUsage"),
        (["get", "nothing-of-the-kind", "-i", "-j", "x", "-o", "json"], 1, "UpstreamRejected"),
    ],
)
def test_an_error_beside_json(stage, arguments, exit_code, code):
    """It is one line of JSON on stderr, and no data; a command line that isn't one has words."""
    done = stage.cone(*arguments)
    assert (done.returncode, done.stdout) == (exit_code, "")
    if not code:
        assert done.stderr.startswith("cone: error: ")
        return
    told = json.loads(done.stderr)
    assert told["code"] == code
    assert set(told) == {"error", "code", "hint"}
