"""How requests end, in both faces: the command line and the sidecar."""

import json
import urllib.error
import urllib.request

import pytest

SCENARIO = """\
tenant: acme
users: [{email: ada@example.com}, {email: grace@example.com}]
accounts: [{id: "100000000001", name: P}]
permission_sets:
  - {account: P, name: Auto, policy: auto, max_duration: 8h}
  - {account: P, name: Machine, policy: machine}
  - {account: P, name: Approval, policy: approval}
  - {account: P, name: Form, policy: form}
  - {account: P, name: FormStep, policy: form_step}
  - {account: P, name: Deny, policy: deny}
  - {account: P, name: Error, policy: error}
  - {account: P, name: Timeout, policy: timeout}
  - {account: P, name: Both, policy: [machine, approval]}
  - {account: P, name: Granted, granted_to: [ada@example.com], grant_ends: 8h}
  - {account: P, name: Later, policy: approval}
lags: {propagation: 1s}
"""
# What each policy ends in: exit code, the last promised line (of stderr), status and code of the endpoint.
ENDINGS = {
    "p-granted": (0, "", 200, ""),
    "p-auto": (0, "Waiting for AWS permission to propagate...", 200, ""),
    "p-machine": (0, "Waiting for AWS permission to propagate...", 200, ""),
    "p-approval": (4, "Once approved, retry the command.", 403, "ApprovalPending"),
    "p-both": (4, "Once approved, retry the command.", 403, "ApprovalPending"),
    "p-form": (7, "  cone get --app-id ", 403, "RequestFormRequired"),
    "p-formstep": (7, "  cone get --app-id ", 403, "RequestFormRequired"),
    "p-deny": (5, 'Access request for "p-deny" was denied', 403, "AccessDenied"),
    "p-error": (
        1,
        'Access request for "p-error" encountered an error. Check ConductorOne for details',
        403,
        "RequestFailed",
    ),
    "p-timeout": (
        1,
        'Access request for "p-timeout" completed with outcome: GRANT_OUTCOME_WAIT_TIMED_OUT',
        403,
        "RequestTimedOut",
    ),
}


@pytest.fixture(name="stage", scope="module")
def _stage(simulated_once):
    return signed_in(simulated_once.start(SCENARIO, "--auto-confirm"))


@pytest.fixture(name="sidecar_stage", scope="module")
def _sidecar_stage(stage):
    """Give a second home on a second simulator, so that no face finds the other's grants."""
    with type(stage)() as other:
        signed_in(other.start(SCENARIO, "--auto-confirm"))
        other.start_sidecar()
        yield other


def signed_in(stage):
    assert stage.cone("aws", "login").returncode == 0
    return stage


def endpoint(stage, profile):
    """Ask as a Go program does, which waits; returns status and body."""
    environment = stage.sidecar_environment(profile)
    request = urllib.request.Request(
        environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"],
        headers={
            "Authorization": environment["AWS_CONTAINER_AUTHORIZATION_TOKEN"],
            "User-Agent": "Go-http-client/1.1",
            "Accept": "application/json",
        },
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, json.load(refused)


@pytest.mark.parametrize("profile", ENDINGS)
def test_on_the_command_line(stage, profile):
    """Each policy ends in its promised text and exit code, and stdout holds credentials or nothing."""
    exit_code, last_line, _, _ = ENDINGS[profile]
    done = stage.cone("aws", "credentials", profile)
    assert done.returncode == exit_code, done.stderr
    lines = done.stderr.splitlines()
    assert (lines[-1] if lines else "").startswith(last_line)
    if exit_code:
        assert done.stdout == ""
    else:
        assert json.loads(done.stdout)["AccountId"] == "100000000001"


@pytest.mark.parametrize("profile", ENDINGS)
def test_at_the_endpoint(sidecar_stage, profile):
    """Each policy ends in its status and code, with a sentence for a person."""
    _, _, status, code = ENDINGS[profile]
    got, body = endpoint(sidecar_stage, profile)
    assert got == status, body
    if status == 200:
        assert body["AccountId"] == "100000000001"
    else:
        assert body["code"] == code
        assert profile in body["message"]
        assert body["message"].isascii()


def test_a_cached_success_is_silent(stage):
    """The second call prints the same document, and nothing on stderr."""
    first = stage.cone("aws", "credentials", "p-granted")
    stage.control("DELETE", "/requests")
    second = stage.cone("aws", "credentials", "p-granted")
    assert (second.stdout, second.stderr) == (first.stdout, "")
    assert stage.operations() == []


def test_a_pending_request_is_adopted(stage):
    """A second call names the task of the first one, and makes none."""
    first = stage.cone("aws", "credentials", "p-later").stderr
    number = first.partition("(task: ")[2].partition(")")[0]
    second = stage.cone("aws", "credentials", "p-later")
    assert second.returncode == 4
    assert second.stderr.endswith(
        'A pending request already exists for "p-later".\n'
        f"Check status: cone task get {number}\n"
        "Once resolved, retry the command.\n"
    )
    stage.control("POST", f"/tasks/{number}/approve")
    third = stage.cone("aws", "credentials", "p-later")
    assert third.returncode == 0, third.stderr


def test_an_approval_is_served_without_a_second_request(sidecar_stage):
    """Once its task is approved the sidecar serves; it never asks again."""
    stage = sidecar_stage
    stage.control("DELETE", "/requests")
    _, body = endpoint(stage, "p-later")
    number = body["message"].partition("task ")[2].split()[0]
    stage.control("POST", f"/tasks/{number}/approve")
    for _ in range(200):
        status, body = endpoint(stage, "p-later")
        if status == 200:
            break
    assert status == 200, body
    created = [name for name, _ in stage.operations() if name == "TaskService.CreateGrantTask"]
    assert len(created) == 1


def test_a_refresh_token_saves_a_sign_in(stage):
    """After the access token has ended, the session is renewed and nobody has to sign in."""
    stage.control("POST", "/sessions/expire", {"kind": "access"})
    stage.forget_credentials()
    stage.control("DELETE", "/requests")
    done = stage.cone("aws", "credentials", "p-granted")
    assert done.returncode == 0, done.stderr
    names = [name for name, _ in stage.operations()]
    assert "StartDeviceAuthorization" not in names
    assert names.count("CreateToken") == 1


def test_without_a_terminal_a_sign_in_is_a_link(simulated):
    """Without a session the link is printed, exit code 3; once it is confirmed, the next call serves."""
    stage = simulated.start(SCENARIO)
    first = stage.cone("aws", "credentials", "p-granted")
    assert first.returncode == 3
    assert first.stdout == ""
    assert "AWS SSO session expired. Logging in..." in first.stderr
    code = first.stderr.partition("compare the code ")[2].split()[0]
    again = stage.cone("aws", "credentials", "p-granted")
    assert again.returncode == 3
    assert code in again.stderr
    stage.control("POST", f"/device/{code}/confirm")
    done = stage.cone("aws", "credentials", "p-granted")
    assert done.returncode == 0, done.stderr
    started = [name for name, _ in stage.operations() if name == "StartDeviceAuthorization"]
    assert len(started) == 1
    assert "Already signed in" in stage.cone("aws", "login").stderr
