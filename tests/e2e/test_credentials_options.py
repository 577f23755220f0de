"""The options of ``cone aws credentials``, and the configuration that stands behind them."""

import json
import re
import signal
import subprocess

import pytest

from cone_cli.stage import cone_command

SCENARIO = """\
tenant: acme
users: [{email: ada@example.com}, {email: grace@example.com}]
accounts: [{id: "100000000001", name: P}]
permission_sets:
  - {account: P, name: Waits, policy: approval}
  - {account: P, name: Bounded, policy: approval}
  - {account: P, name: Interrupted, policy: approval}
  - {account: P, name: Beside, policy: approval}
  - {account: P, name: Impatient, policy: machine}
  - {account: P, name: Unasked, policy: auto}
  - {account: P, name: Pending, policy: approval}
  - {account: P, name: Worded, policy: approval, max_duration: 8h}
  - {account: P, name: Urgent, policy: approval, emergency: true}
  - {account: P, name: Configured, policy: approval, max_duration: 8h}
  - {account: P, name: Guarded, policy: auto}
  - {account: P, name: Defaults, policy: approval}
  - {account: P, name: Denied, policy: deny}
  - {account: P, name: Held, policy: auto}
  - {account: P, name: Failing, policy: error}
  - {account: P, name: Returned, policy: auto, granted_to: [ada@example.com], alias: p-returned-alias}
  - {account: P, name: Dropped, policy: auto, granted_to: [ada@example.com], alias: p-dropped-alias}
  - {account: P, name: Slow, policy: machine, lags: {policy_step: 1h}}
  - {account: P, name: Slower, policy: machine, lags: {policy_step: 1h}}
"""
ASKED = (
    r'No active grant for "{}" — submitting access request\.\.\.\n'
    r"Access request submitted \(task: (\d+)\)\n"
)
WAITING = r'Request submitted for "{}" but requires approval\.\nCheck status: cone task get \1\n'


@pytest.fixture(name="stage", scope="module")
def _stage(simulated_once):
    stage = simulated_once.start(SCENARIO, "--auto-confirm")
    assert stage.cone("aws", "login").returncode == 0
    return stage


@pytest.fixture(name="sidecar_stage", scope="module")
def _sidecar_stage(stage):
    stage.start_sidecar()
    return stage


def started(stage, *arguments):
    """Start ``cone aws credentials``, to be talked about while it runs."""
    return subprocess.Popen(
        [*cone_command(), "aws", "credentials", *arguments],
        env=stage.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def told(process, wanted):
    """Read its messages until one holds ``wanted``; returns them."""
    text = ""
    for line in process.stderr:
        text += line
        if wanted in line:
            return text
    raise AssertionError(f"it never said {wanted!r}: {text}")


def request_in(stage, done):
    """Return the request that a command says it made, as the API describes it."""
    number = re.search(r"cone task get (\d+)|task: (\d+)", done.stderr)
    return json.loads(stage.cone("task", "get", number[1] or number[2], "-o", "json").stdout)


def configure(stage, profile, text):
    """Add keys to a profile of the AWS config file."""
    path = stage.home / ".aws" / "config"
    before = path.read_text()
    path.write_text(before.replace(f"[profile {profile}]\n", f"[profile {profile}]\n{text}"))


def test_wait_waits_for_the_approval(stage):
    """With --wait the command says whom it waits for, and prints credentials once they approve."""
    waiting = started(stage, "--wait", "p-waits")
    text = told(waiting, "Waiting for Grace")
    number = re.match(ASKED.format("p-waits") + r"(?:\.+\n)?" + WAITING.format("p-waits"), text)
    assert number, text
    stage.control("POST", f"/tasks/{number[1]}/approve")
    out, rest = waiting.communicate(timeout=60)
    assert waiting.returncode == 0
    assert json.loads(out)["AccessKeyId"].startswith("ASIA")
    assert "Access granted!" in rest


def test_wait_has_a_bound(stage):
    """--wait=2s ends after two seconds, as one that doesn't wait does: pending, exit code 4."""
    done = stage.cone("aws", "credentials", "--wait=2s", "p-bounded")
    assert (done.returncode, done.stdout) == (4, "")
    assert done.stderr.endswith("Once approved, retry the command.\n")


@pytest.mark.parametrize("wait", ["--wait=soon", "--wait=-1s", "--wait="])
def test_a_bound_that_is_none(stage, wait):
    """A duration that is none is refused before anything is asked."""
    stage.forget_requests()
    done = stage.cone("aws", "credentials", wait, "p-bounded")
    assert done.returncode == 2
    assert "takes a duration" in done.stderr
    assert stage.operations() == []


def test_interrupt(stage):
    """Ctrl-C ends the wait with exit code 130; the request stays made."""
    waiting = started(stage, "p-interrupted", "--wait")
    told(waiting, "Check status")
    waiting.send_signal(signal.SIGINT)
    assert waiting.communicate(timeout=20)[0] == ""
    assert waiting.returncode == 130
    done = stage.cone("aws", "credentials", "p-interrupted")
    assert done.returncode == 4
    assert 'A pending request already exists for "p-interrupted".' in done.stderr


def test_whoever_waits_keeps_nobody_waiting(stage):
    """While one process waits for people, another of the same profile is told so at once."""
    waiting = started(stage, "p-beside", "--wait")
    told(waiting, "Check status")
    done = stage.cone("aws", "credentials", "p-beside")
    assert done.returncode == 4
    assert "A pending request already exists" in done.stderr
    waiting.send_signal(signal.SIGINT)
    waiting.communicate(timeout=20)


def test_no_wait_stops_at_machines(stage):
    """With --no-wait the request is made, and nothing that is being decided is waited for."""
    done = stage.cone("aws", "credentials", "--no-wait", "p-impatient")
    assert (done.returncode, done.stdout) == (1, "")
    assert "is still processing. Retry the command shortly" in done.stderr
    assert re.match(ASKED.format("p-impatient"), done.stderr)


def test_no_request_asks_for_nothing(stage):
    """With --no-request there is an answer and no request: exit code 5, and what to do."""
    stage.forget_requests()
    done = stage.cone("aws", "credentials", "--no-request", "p-unasked")
    assert (done.returncode, done.stdout) == (5, "")
    assert done.stderr == (
        'cone: error: no active grant for "p-unasked"\ncone: hint: cone aws request p-unasked\n'
    )
    assert stage.statuses("TaskService.CreateGrantTask") == []


def test_no_request_shows_what_is_pending(stage):
    """With --no-request an open request is found and shown all the same."""
    stage.cone("aws", "credentials", "p-pending")
    done = stage.cone("aws", "credentials", "--no-request", "p-pending")
    assert done.returncode == 4
    assert 'A pending request already exists for "p-pending".' in done.stderr
    assert stage.statuses("TaskService.CreateGrantTask").count(409) == 0


def test_the_terms_of_a_request(stage):
    """Justification and duration of the command line are what approvers read."""
    done = stage.cone("aws", "credentials", "p-worded", "-j", "incident 42", "-d", "1h30m")
    sent = request_in(stage, done)
    assert sent["description"] == "incident 42"
    assert sent["type"]["grant"]["grantDuration"] == "5400s"
    assert sent["emergencyAccess"] is False


def test_emergency(stage):
    """--emergency asks under the emergency policy, where nobody is asked."""
    done = stage.cone("aws", "credentials", "p-urgent", "--emergency")
    assert done.returncode == 0, done.stderr
    assert request_in(stage, done)["emergencyAccess"] is True


def test_a_profile_has_its_own_terms(stage):
    """Keys of the profile word its requests, with names in braces put in."""
    configure(
        stage,
        "p-configured",
        "cone_justification = {profile} for {user}, {unknown}\ncone_duration = 2h\n",
    )
    stage.environment["USER"] = "ada"
    sent = request_in(stage, stage.cone("aws", "credentials", "p-configured"))
    assert sent["description"] == "p-configured for ada, {unknown}"
    assert sent["type"]["grant"]["grantDuration"] == "7200s"


def test_access_is_asked_for_only_where_it_may(stage):
    """cone_auto_request = false of a profile wins over a global true; nothing is requested."""
    configure(stage, "p-guarded", "cone_auto_request = false\n")
    stage.environment["CONE_AUTO_REQUEST"] = "true"
    stage.forget_requests()
    done = stage.cone("aws", "credentials", "p-guarded")
    del stage.environment["CONE_AUTO_REQUEST"]
    assert done.returncode == 5
    assert stage.statuses("TaskService.CreateGrantTask") == []


def test_defaults_for_every_profile(stage):
    """What config.yaml says of requests is true for each profile, and a variable wins over it."""
    path = stage.home / ".conductorone" / "config.yaml"
    kept = path.read_text()
    path.write_text(kept + "cone_justification: from the file\ncone_auto_request: 'false'\n")
    try:
        done = stage.cone("aws", "credentials", "p-defaults")
        assert done.returncode == 5
        stage.environment["CONE_AUTO_REQUEST"] = "true"
        done = stage.cone("aws", "credentials", "p-defaults")
        assert done.returncode == 4
        assert request_in(stage, done)["description"] == "from the file"
    finally:
        del stage.environment["CONE_AUTO_REQUEST"]
        path.write_text(kept)


def test_a_value_without_meaning(stage):
    """A variable that means nothing is named, with how it is written."""
    stage.environment["CONE_DURATION"] = "a while"
    done = stage.cone("aws", "credentials", "p-defaults")
    del stage.environment["CONE_DURATION"]
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "cone: error: cone_duration of the environment is no duration\n"
        "cone: hint: write it as in cone_duration = 12h, 2h45m or 1w2d\n"
    )


def test_other_words_are_another_request(stage):
    """A denial is the answer for a while, but not to a person who asks in other words."""
    for _ in range(2):
        assert stage.cone("aws", "credentials", "p-denied").returncode == 5
    assert stage.statuses("TaskService.CreateGrantTask").count(200) >= 1
    stage.forget_requests()
    done = stage.cone("aws", "credentials", "p-denied", "-j", "please")
    assert done.returncode == 5
    assert stage.statuses("TaskService.CreateGrantTask") == [200]


def test_the_running_sidecar_answers(sidecar_stage):
    """What a running sidecar of the same setting has is printed, and nobody else is asked."""
    assert sidecar_stage.ask_sidecar("p-held")[0] == 200
    sidecar_stage.forget_requests()
    done = sidecar_stage.cone("aws", "credentials", "p-held")
    assert done.returncode == 0, done.stderr
    assert (
        json.loads(done.stdout)["AccessKeyId"]
        == sidecar_stage.ask_sidecar("p-held")[1]["AccessKeyId"]
    )
    assert sidecar_stage.operations() == []


def test_a_profile_that_is_none_leaves_nothing(stage):
    """No file is left of it, and there is nothing to forget."""
    assert stage.cone("aws", "credentials", "nosuch").returncode == 1
    assert list((stage.home / ".cache" / "cone-sidecar").glob("nosuch*")) == []
    done = stage.cone("aws", "forget", "nosuch")
    assert done.returncode == 1
    assert 'no profile "nosuch"' in done.stderr


def test_less_than_a_second_is_no_duration(stage):
    """It would reach the API as nothing."""
    done = stage.cone("aws", "credentials", "p-worded", "-d", "0.4s")
    assert (done.returncode, done.stdout) == (2, "")


def test_an_error_is_the_answer_for_a_while(stage):
    """Calls in a row of what fails make one request."""
    stage.forget_requests()
    assert {stage.cone("aws", "credentials", "p-failing").returncode for _ in range(3)} == {1}
    assert stage.statuses("TaskService.CreateGrantTask") == [200]


def test_dropped_access_is_kept_nowhere(stage):
    """After `cone drop` nothing of the profile's credentials is served from files."""
    assert stage.cone("aws", "credentials", "p-dropped").returncode == 0
    kept = stage.home / ".cache" / "cone-sidecar"
    assert list(kept.glob("p-dropped-*.credentials"))
    done = stage.cone("drop", "p-dropped-alias", "-j", "done", "--wait")
    assert done.returncode == 0, done.stderr
    assert list(kept.glob("p-dropped-*.credentials")) == []
    assert stage.cone("aws", "credentials", "p-dropped", "--no-request").returncode == 5


def test_each_waits_as_long_as_it_said(stage):
    """While another process leads, --no-wait and --wait=1s are as short as without it."""
    leader = started(stage, "p-slow")
    told(leader, "Access request submitted")
    for option in ("--no-wait", "--wait=1s"):
        done = stage.cone("aws", "credentials", "p-slow", option)
        assert (done.returncode, done.stdout) == (1, "")
        assert 'request for "p-slow" is still processing. Retry the command' in done.stderr
        assert leader.poll() is None
    done = stage.cone("aws", "credentials", "p-slow", "--no-request", "--no-wait")
    assert done.returncode == 1
    leader.send_signal(signal.SIGINT)
    leader.communicate(timeout=20)


def test_whoever_waits_for_machines_keeps_nobody_waiting(stage):
    """A --wait process lets others lead once its request exists."""
    waiting = started(stage, "p-slower", "--wait")
    told(waiting, "Access request submitted")
    done = stage.cone("aws", "credentials", "p-slower", "--wait=2s")
    assert done.returncode == 1
    assert "another" not in done.stderr
    assert 'request for "p-slower" is still processing.' in done.stderr
    waiting.send_signal(signal.SIGINT)
    waiting.communicate(timeout=20)


def test_the_sidecar_forgets_what_was_dropped(sidecar_stage):
    """After `cone drop` the running sidecar serves the profile no more, and has no credentials of it."""
    assert sidecar_stage.ask_sidecar("p-returned")[0] == 200
    done = sidecar_stage.cone("drop", "p-returned-alias", "-j", "done", "--wait")
    assert done.returncode == 0, done.stderr
    view = json.loads(sidecar_stage.cone("aws", "status", "-o", "json", "p-returned").stdout)
    assert "served" not in view["profiles"]["p-returned"]
    sidecar_stage.control("DELETE", "/requests")
    sidecar_stage.ask_sidecar("p-returned")
    # It asks for access anew, instead of serving what it had.
    assert sidecar_stage.statuses("TaskService.CreateGrantTask") == [200]
