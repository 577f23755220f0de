"""How requests end, in both faces: the command line and the sidecar."""

import json
import re

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
  - {account: P, name: ToDeny, policy: approval}
  - {account: P, name: ToCancel, policy: approval}
  - {account: P, name: Shared, policy: approval}
lags: {propagation: 1s}
"""
ASKED = r"""No active grant for "{profile}" — submitting access request\.\.\.
Access request submitted \(task: (\d+)\)
\.+
"""
GRANTED = (
    ASKED
    + r"""Access granted!
Waiting for AWS permission to propagate\.\.\.
"""
)
APPROVAL = (
    ASKED
    + r"""Request submitted for "{profile}" but requires approval\.
Check status: cone task get \1
Once approved, retry the command\.
"""
)
FORM = r"""No active grant for "{profile}"\. This entitlement requires a request form — request access with:
  cone get --app-id \w+ --entitlement-id \w+
"""
FORM_STEP = (
    ASKED
    + r"""request submitted for "{profile}" but requires form input\. Complete it with:
  cone get --app-id \w+ --entitlement-id \w+
"""
)
DENIED = (
    ASKED
    + r"""Access request for "{profile}" was denied
"""
)
FAILED = (
    ASKED
    + r"""access request for "{profile}" encountered an error\. Check ConductorOne for details
"""
)
TIMED_OUT = (
    ASKED
    + r"""access request for "{profile}" completed with outcome: GRANT_OUTCOME_WAIT_TIMED_OUT
"""
)
# What each policy ends in: exit code, all of stderr; status and code of the endpoint.
ENDINGS = {
    "p-granted": (0, "", 200, ""),
    "p-auto": (0, GRANTED, 200, ""),
    "p-machine": (0, GRANTED, 200, ""),
    "p-approval": (4, APPROVAL, 403, "ApprovalPending"),
    "p-both": (4, APPROVAL, 403, "ApprovalPending"),
    "p-form": (7, FORM, 403, "RequestFormRequired"),
    "p-formstep": (7, FORM_STEP, 403, "RequestFormRequired"),
    "p-deny": (5, DENIED, 403, "AccessDenied"),
    "p-error": (1, FAILED, 403, "RequestFailed"),
    "p-timeout": (1, TIMED_OUT, 403, "RequestTimedOut"),
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


@pytest.mark.parametrize("profile", ENDINGS)
def test_on_the_command_line(stage, profile):
    """Each policy ends in its promised text and exit code, and stdout holds credentials or nothing."""
    exit_code, text, _, _ = ENDINGS[profile]
    done = stage.cone("aws", "credentials", profile)
    assert done.returncode == exit_code, done.stderr
    assert re.fullmatch(text.replace("{profile}", profile), done.stderr), done.stderr
    if exit_code:
        assert done.stdout == ""
    else:
        assert json.loads(done.stdout)["AccountId"] == "100000000001"


@pytest.mark.parametrize("profile", ENDINGS)
def test_at_the_endpoint(sidecar_stage, profile):
    """Each policy ends in its status and code, with a sentence for a person."""
    _, _, status, code = ENDINGS[profile]
    got, body = sidecar_stage.ask_sidecar(profile)
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
    stage.forget_requests()
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
    stage.forget_requests()
    _, body = stage.ask_sidecar("p-later")
    number = body["message"].partition("task ")[2].split()[0]
    stage.control("POST", f"/tasks/{number}/approve")
    stage.ask_sidecar_until("p-later", "")
    created = [name for name, _ in stage.operations() if name == "TaskService.CreateGrantTask"]
    assert len(created) == 1


@pytest.mark.parametrize(
    ("action", "code"), [("deny", "AccessDenied"), ("cancel", "RequestCancelled")]
)
def test_what_is_decided_while_the_sidecar_watches(sidecar_stage, action, code):
    """A request that its approver ends is the answer, and isn't made again."""
    stage = sidecar_stage
    stage.forget_requests()
    profile = f"p-to{action}"
    _, body = stage.ask_sidecar(profile)
    stage.control("POST", f"/tasks/{task_in(body)}/{action}")
    status, _ = stage.ask_sidecar_until(profile, code)
    assert status == 403
    assert stage.statuses("TaskService.CreateGrantTask") == [200]


def test_the_sidecar_adopts_what_the_command_line_asked_for(sidecar_stage):
    """One person, two ways in, one request: both name the same task, and both are served."""
    stage = sidecar_stage
    stage.forget_requests()
    asked = stage.cone("aws", "credentials", "p-shared").stderr
    _, body = stage.ask_sidecar("p-shared")
    assert f"(task: {task_in(body)})" in asked
    stage.control("POST", f"/tasks/{task_in(body)}/approve")
    stage.ask_sidecar_until("p-shared", "")
    done = stage.cone("aws", "credentials", "p-shared")
    assert done.returncode == 0, done.stderr
    assert stage.statuses("TaskService.CreateGrantTask").count(200) == 1


def task_in(body):
    return re.search(r"task (\d+) ", body["message"])[1]


def test_a_refresh_token_saves_a_sign_in(stage):
    """After the access token has ended, the session is renewed and nobody has to sign in."""
    stage.control("POST", "/sessions/expire", {"kind": "access"})
    stage.forget_credentials()
    stage.forget_requests()
    done = stage.cone("aws", "credentials", "p-granted")
    assert done.returncode == 0, done.stderr
    names = [name for name, _ in stage.operations()]
    assert "StartDeviceAuthorization" not in names
    assert names.count("CreateToken") == 1


def test_a_login_mends_a_running_sidecar(simulated):
    """Credentials for ConductorOne that are saved while the sidecar runs are used by it."""
    stage = simulated.start(SCENARIO, "--auto-confirm")
    for name in ("CONE_CLIENT_ID", "CONE_CLIENT_SECRET"):
        del stage.environment[name]
    stage.start_sidecar()
    status, body = stage.ask_sidecar("p-granted")
    assert (status, body["code"]) == (403, "LoginRequired")
    assert stage.cone("login", stage.url).returncode == 0
    stage.ask_sidecar_until("p-granted", "")


def test_a_grant_that_is_not_listed_yet_is_not_requested_again(simulated):
    """The process after one that was granted and then failed at AWS makes no second request."""
    stage = simulated.start(
        SCENARIO.replace("{propagation: 1s}", "{grant_visibility: 100s}"), "--auto-confirm"
    )
    assert stage.cone("aws", "login").returncode == 0
    stage.control("POST", "/faults", {"operation": "GetRoleCredentials", "status": 503})
    assert stage.cone("aws", "credentials", "p-auto").returncode == 6
    stage.control("DELETE", "/faults")
    done = stage.cone("aws", "credentials", "p-auto")
    assert done.returncode == 0, done.stderr
    names = [name for name, _ in stage.operations()]
    assert names.count("TaskService.CreateGrantTask") == 1
