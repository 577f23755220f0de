"""``cone aws console`` against the simulated sign-in service, with a program in a browser's place."""

import json
import os
import sys
from urllib.error import HTTPError
from urllib.parse import parse_qs, urlsplit
from urllib.request import urlopen

import pytest

from fakes.simulated_stage import SimulatedStage

SCENARIO = """\
tenant: acme
users: [{email: ada@example.com}]
accounts: [{id: "100000000001", name: P}]
permission_sets:
  - {account: P, name: Granted, granted_to: [ada@example.com]}
  - {account: P, name: Approval, policy: approval}
"""
GOOD = "p-granted"
LIMIT_S = 60
# Visits twice, and once under another name, as a page would that rebound its own.
BROWSER = f"""\
#!{sys.executable}
import http.client, json, pathlib, sys
from urllib.parse import urlsplit
where, seen = urlsplit(sys.argv[1]), []
for host in ("evil.example", where.netloc, where.netloc):
    connection = http.client.HTTPConnection(where.netloc, timeout=10)
    connection.putrequest("GET", where.path, skip_host=True)
    connection.putheader("Host", host)
    connection.endheaders()
    try:
        answer = connection.getresponse()
    except OSError:
        break
    seen.append((answer.status, answer.getheader("location")))
    if answer.status == 302:
        break
pathlib.Path(__file__).with_name("seen").write_text(json.dumps([sys.argv[1:], seen]))
"""


@pytest.fixture(name="stage", scope="module")
def _stage():
    with SimulatedStage() as stage:
        stage.start(SCENARIO, "--auto-confirm")
        for name in ("DISPLAY", "WAYLAND_DISPLAY", "SSH_CLIENT", "SSH_TTY"):
            stage.environment.pop(name, None)
        assert stage.cone("aws", "login").returncode == 0
        yield stage


def printed(stage, *options):
    """Return the link that is printed."""
    done = stage.cone("aws", "console", GOOD, "--print", *options)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def destination(url):
    """Return where the link leads."""
    return parse_qs(urlsplit(url).query)["Destination"][0]


def refused(stage, *options):
    """Return exit code and stderr of a command that prints nothing else."""
    done = stage.cone("aws", "console", GOOD, "--print", *options)
    assert done.stdout == ""
    return done.returncode, done.stderr


def test_the_printed_link_signs_in(stage):
    """Whoever opens it is the profile's role; the credentials went in a body, and no duration with them."""
    stage.forget_requests()
    url = printed(stage, "--service", "s3", "--region", "eu-west-1")
    assert destination(url) == "https://console.aws.amazon.com/s3/home?region=eu-west-1"
    with urlopen(url, timeout=LIMIT_S) as answer:
        assert "AWSReservedSSO_Granted_" in answer.read().decode()
    requests = stage.control("GET", "/requests")
    sign_ins = [each for each in requests if each["operation"] == "GetSigninToken"]
    assert [(each["method"], each["status"]) for each in sign_ins] == [("POST", 200)]
    assert parse_qs(urlsplit(url).query)["Issuer"] == ["https://acme.awsapps.com/start"]


def test_a_browser_gets_an_address_of_one_visit(stage, tmp_path, monkeypatch):
    """Its argument is an address on loopback; it leads to the sign-in, and under another Host to nothing."""
    opener = tmp_path / "xdg-open"
    opener.write_text(BROWSER)
    opener.chmod(0o755)
    # A pipe: reading it waits for the browser, which ends after the command that started it.
    os.mkfifo(tmp_path / "seen")
    path = f"{tmp_path}:{stage.environment['PATH']}"
    monkeypatch.setattr(stage, "environment", stage.environment | {"DISPLAY": ":9", "PATH": path})
    done = stage.cone("aws", "console", GOOD)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert done.stderr == f'cone: your browser opens the console as "{GOOD}"\n'
    arguments, seen = json.loads((tmp_path / "seen").read_text())
    assert [urlsplit(each).hostname for each in arguments] == ["127.0.0.1"]
    assert [status for status, _ in seen] == [404, 302]
    with urlopen(seen[-1][1], timeout=LIMIT_S) as answer:
        assert "AWSReservedSSO_Granted_" in answer.read().decode()
    assert (
        destination(seen[-1][1]) == "https://console.aws.amazon.com/console/home?region=us-east-1"
    )


def test_without_a_browser(stage):
    """It is said before anybody is asked for anything, with the line that does it."""
    stage.forget_requests()
    done = stage.cone("aws", "console", GOOD)
    assert done.returncode == 2
    assert done.stderr.endswith(f"cone: hint: cone aws console {GOOD} --print\n")
    assert stage.operations() == []


@pytest.mark.parametrize(
    ("options", "exit_code", "text"),
    [
        (["--service", "https://evil.example/"], 2, "but one of this partition's console"),
        (["--service", "https://console.aws.amazon.com@evil.example/"], 2, "this partition's"),
        (["--service", "a b"], 2, "--service takes"),
        (["--region", "mars-1"], 1, "AWS has no region"),
        (["--region", "us-gov-west-1"], 2, "is of the partition aws-us-gov"),
    ],
)
def test_what_is_refused(stage, options, exit_code, text):
    """Other sites, other partitions and regions that aren't there: one line and a hint each."""
    code, said = refused(stage, *options)
    assert (code, len(said.splitlines())) == (exit_code, 2), said
    assert text in said


def test_when_aws_refuses_or_is_away(stage, monkeypatch):
    """A 400 is told as a refusal, exit code 1; no answer as that, exit code 6; neither shows a secret."""
    stage.control("POST", "/faults", {"operation": "GetSigninToken", "status": 400, "count": 1})
    code, said = refused(stage)
    assert (code, len(said.splitlines())) == (1, 2), said
    assert "AWS refuses to sign in to the console (HTTP 400)" in said
    nobody = stage.environment | {"AWS_ENDPOINT_URL_SIGNIN": "http://127.0.0.1:9"}
    monkeypatch.setattr(stage, "environment", nobody)
    code, said = refused(stage)
    assert (code, len(said.splitlines())) == (6, 2), said
    elsewhere = stage.environment | {"AWS_ENDPOINT_URL_SIGNIN": "http://signin.example"}
    monkeypatch.setattr(stage, "environment", elsewhere)
    code, said = refused(stage)
    assert (code, len(said.splitlines())) == (1, 2), said


def test_without_access(stage):
    """The story is told as cone aws credentials tells it, with its exit code."""
    done = stage.cone("aws", "console", "p-approval", "--print")
    assert (done.returncode, done.stdout) == (4, "")
    assert "requires approval" in done.stderr


def test_a_link_ends(stage):
    """After a quarter of an hour it signs nobody in."""
    url = printed(stage)
    stage.control("POST", "/clock/advance", {"seconds": "16m"})
    with pytest.raises(HTTPError) as ended, urlopen(url, timeout=LIMIT_S):
        pass
    with ended.value:
        assert ended.value.code == 400
