"""Signing in to Identity Center: with a terminal, without one, and through the sidecar."""

import os
import pty
import re
import subprocess

import pytest

from cone_cli.stage import cone_command

SCENARIO = """\
tenant: acme
users: [{email: ada@example.com}]
accounts: [{id: "100000000001", name: P}]
permission_sets:
  - {account: P, name: Granted, granted_to: [ada@example.com]}
  - {account: P, name: Auto, policy: auto}
"""
LINK = re.compile(r"http://\S+/device\?user_code=([A-Z-]+)")


@pytest.fixture(name="stage")
def _stage(simulated):
    """Give a home without a session, on a simulator that confirms nothing by itself."""
    return simulated.start(SCENARIO)


def code_in(text):
    """Return the code of the one link in ``text``."""
    codes = set(LINK.findall(text))
    assert len(codes) == 1, text
    return codes.pop()


def test_without_a_terminal_it_is_a_link(stage):
    """The link is printed, exit code 3; once it is confirmed, the next call serves and none is left."""
    first = stage.cone("aws", "credentials", "p-granted")
    assert (first.returncode, first.stdout) == (3, "")
    assert first.stderr.startswith("AWS SSO session expired. Logging in...\n")
    code = code_in(first.stderr)
    again = stage.cone("aws", "credentials", "p-auto")
    assert again.returncode == 3
    assert code_in(again.stderr) == code
    stage.control("POST", f"/device/{code}/confirm")
    done = stage.cone("aws", "credentials", "p-granted")
    assert done.returncode == 0, done.stderr
    assert stage.statuses("StartDeviceAuthorization") == [200]
    assert "Already signed in" in stage.cone("aws", "login").stderr


def test_a_refused_one_is_offered_anew(stage):
    """Whoever denies it is told so; the next call offers another one."""
    code = code_in(stage.cone("aws", "credentials", "p-granted").stderr)
    stage.control("POST", f"/device/{code}/deny")
    denied = stage.cone("aws", "credentials", "p-granted")
    assert denied.returncode == 3
    assert "cone: error: the sign-in was refused\ncone: hint: cone aws login\n" in denied.stderr
    assert code_in(stage.cone("aws", "credentials", "p-granted").stderr) != code


def test_with_a_terminal_it_is_waited_for(stage):
    """On a terminal the link is shown, and the same call serves once it is confirmed."""
    terminal, far_end = pty.openpty()
    with subprocess.Popen(
        [*cone_command(), "aws", "credentials", "p-granted"],
        env=stage.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=far_end,
        start_new_session=True,
        text=True,
    ) as child:
        os.close(far_end)
        shown = ""
        while not (found := LINK.search(shown)) or "\n" not in shown[found.end() :]:
            shown += os.read(terminal, 4096).decode()
        stage.control("POST", f"/device/{found[1]}/confirm")
        document = child.stdout.read()
    os.close(terminal)
    assert child.returncode == 0, shown
    assert document.startswith('{"Version":1,')
    assert shown.count("AWS SSO session expired. Logging in...") == 1


def test_the_sidecar_offers_it_and_goes_on(stage):
    """The endpoint answers with the link at once, serves once it is confirmed, and asks once."""
    stage.start_sidecar()
    status, body = stage.ask_sidecar("p-granted")
    assert (status, body["code"]) == (403, "SignInRequired")
    code = code_in(body["message"])
    _, other = stage.ask_sidecar("p-auto")
    assert code_in(other["message"]) == code
    stage.control("POST", f"/device/{code}/confirm")
    for profile in ("p-granted", "p-auto"):
        stage.ask_sidecar_until(profile, "")
    assert stage.statuses("StartDeviceAuthorization") == [200]
    assert stage.statuses("TaskService.CreateGrantTask") == [200]


def test_cone_aws_login_waits(stage):
    """``cone aws login`` shows link and code, waits for the person, and says until when it is good."""
    with subprocess.Popen(
        [*cone_command(), "aws", "login"],
        env=stage.environment,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as child:
        said = ""
        for line in child.stderr:
            said += line
            if found := LINK.search(line):
                stage.control("POST", f"/device/{found[1]}/confirm")
    assert child.returncode == 0, said
    assert re.search(r"SUCCESS  Signed in until \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\n", said)


def test_an_ended_session_is_renewed_in_the_sidecar_too(stage):
    """Where there is a refresh token, a session that AWS refuses costs nobody anything."""
    code = code_in(stage.cone("aws", "credentials", "p-granted").stderr)
    stage.control("POST", f"/device/{code}/confirm")
    assert stage.cone("aws", "login").returncode == 0
    stage.control("POST", "/sessions/expire", {"kind": "access"})
    stage.forget_requests()
    stage.start_sidecar()
    status, body = stage.ask_sidecar("p-granted")
    assert status == 200, body
    assert stage.statuses("CreateToken") == [200]
    assert stage.statuses("StartDeviceAuthorization") == []


def test_a_session_that_aws_refuses_is_not_called_signed_in(simulated):
    """After the session was closed on AWS's side, ``cone aws login`` signs in anew."""
    simulated.start(SCENARIO, "--auto-confirm")
    assert "Signed in until" in simulated.cone("aws", "login").stderr
    assert "Already signed in until" in simulated.cone("aws", "login").stderr
    simulated.control("POST", "/sessions/expire", {"kind": "all"})
    again = simulated.cone("aws", "login")
    assert again.returncode == 0, again.stderr
    assert "SUCCESS  Signed in until" in again.stderr
