"""A session at AWS that has run out is renewed by its refresh token: once, whoever wants it."""

import contextlib
import hashlib
import json
import subprocess

import pytest

from cone_cli.stage import cone_command

ROLES = [f"Role{number}" for number in range(8)]
SCENARIO = """\
tenant: acme
users: [{email: ada@example.com}]
accounts: [{id: "100000000001", name: P}]
permission_sets:
""" + "".join(
    f"  - {{account: P, name: {role}, granted_to: [ada@example.com]}}\n" for role in ROLES
)
PROFILES = [f"p-{role.lower()}" for role in ROLES]
ENDED = "2026-01-02T03:04:05Z"
LIMIT_S = 60


@pytest.fixture(name="stage")
def _stage(simulated):
    """Give a home that is signed in."""
    simulated.start(SCENARIO, "--auto-confirm")
    assert simulated.cone("aws", "login").returncode == 0
    return simulated


def session_file(stage):
    """Return the AWS CLI's file of the session, which every SDK reads."""
    name = hashlib.sha1(b"cone-sso", usedforsecurity=False).hexdigest()
    return stage.home / ".aws" / "sso" / "cache" / f"{name}.json"


def session(stage):
    return json.loads(session_file(stage).read_text())


def let_it_run_out(stage, how):
    """End the access token: by its time, by AWS's word alone, or both."""
    if how != "told by AWS":
        session_file(stage).write_text(json.dumps(session(stage) | {"expiresAt": ENDED}))
    if how != "told by the file":
        stage.control("POST", "/sessions/expire", {"kind": "access"})


def ask_at_once(stage, profiles):
    """Start a process for each of ``profiles``; returns what each of them answers."""
    with contextlib.ExitStack() as processes:
        started = [
            processes.enter_context(
                subprocess.Popen(
                    [*cone_command(), "aws", "credentials", profile],
                    env=stage.environment,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    text=True,
                    start_new_session=True,
                )
            )
            for profile in profiles
        ]
        return [(*process.communicate(timeout=LIMIT_S), process.returncode) for process in started]


@pytest.mark.parametrize("how", ["told by the file", "told by AWS", "told by both"])
def test_nobody_has_to_sign_in(stage, how):
    """One refresh, no sign-in, and the new tokens are where the AWS CLI finds them."""
    before = session(stage)
    let_it_run_out(stage, how)
    stage.forget_requests()
    done = stage.cone("aws", "credentials", PROFILES[0])
    assert (done.returncode, done.stderr) == (0, "")
    assert_renewed_once(stage, before)


@pytest.mark.parametrize("how", ["told by the file", "told by AWS"])
@pytest.mark.parametrize("profiles", [PROFILES, PROFILES[:1] * 8], ids=["of eight", "of one"])
def test_eight_processes_at_once(stage, how, profiles):
    """A refresh token that works once is used once; all are answered, and all stay signed in."""
    before = session(stage)
    let_it_run_out(stage, how)
    stage.forget_requests()
    answers = ask_at_once(stage, profiles)
    assert {returncode for *_, returncode in answers} == {0}, answers
    assert {stderr for _, stderr, _ in answers} == {""}
    assert_renewed_once(stage, before)
    # The one that was rotated in works, as the next renewal shows.
    let_it_run_out(stage, "told by both")
    stage.forget_credentials()
    again = stage.cone("aws", "credentials", PROFILES[0])
    assert again.returncode == 0, again.stderr
    assert stage.statuses("CreateToken") == [200, 200]


def test_the_sidecar_and_the_command_line_at_once(stage):
    """It is one session for both: whoever comes second uses what the first one got."""
    before = session(stage)
    stage.start_sidecar()
    let_it_run_out(stage, "told by both")
    stage.forget_requests()
    answers = ask_at_once(stage, PROFILES[:4])
    status, body = stage.ask_sidecar(PROFILES[4])
    assert status == 200, body
    assert {returncode for *_, returncode in answers} == {0}, answers
    assert_renewed_once(stage, before)


def assert_renewed_once(stage, before):
    """Hold upstream to one refresh, and the home to its result."""
    assert stage.statuses("CreateToken") == [200]
    assert stage.statuses("StartDeviceAuthorization") == []
    after = session(stage)
    assert after["refreshToken"] != before["refreshToken"]
    assert after["accessToken"] != before["accessToken"]
    assert after["expiresAt"] > ENDED
    assert session_file(stage).stat().st_mode & 0o077 == 0
