"""``cone aws request``, ``status``, ``forget``, ``login`` and ``logout``, alone and beside a sidecar."""

import json
import os
import re
import subprocess
import threading

import pytest

from cone_cli.stage import cone_command

ADA = "ada@example.com"
SCENARIO = f"""\
tenant: acme
users: [{{email: {ADA}, name: Ada}}, {{email: grace@example.com, name: Grace}}]
accounts: [{{id: "100000000001", name: P}}]
permission_sets:
  - {{account: P, name: Auto, policy: auto, max_duration: 8h}}
  - {{account: P, name: Auto2, policy: auto}}
  - {{account: P, name: Approval, policy: approval}}
  - {{account: P, name: Waited, policy: approval}}
  - {{account: P, name: Slow, policy: machine, lags: {{policy_step: 1h}}}}
  - {{account: P, name: Deny, policy: deny}}
  - {{account: P, name: Form, policy: form}}
  - {{account: P, name: Error, policy: error}}
  - {{account: P, name: Granted, granted_to: [{ADA}], grant_ends: 8h}}
"""
CREATE = "TaskService.CreateGrantTask"
LIMIT_S = 30


@pytest.fixture(name="alone", scope="module")
def _alone(simulated_once):
    """Give a home without a sidecar."""
    stage = simulated_once.start(SCENARIO, "--auto-confirm")
    assert stage.cone("aws", "login", "--no-browser").returncode == 0
    return stage


@pytest.fixture(name="beside", scope="module")
def _beside(alone):
    """Give a second home, with a sidecar, on a simulator of its own."""
    with type(alone)() as stage:
        stage.start(SCENARIO, "--auto-confirm")
        assert stage.cone("aws", "login", "--no-browser").returncode == 0
        stage.start_sidecar()
        yield stage


@pytest.fixture(name="stage", params=["alone", "beside"])
def _stage(request):
    """Give either; what is true for both is what the commands promise."""
    return request.getfixturevalue(request.param)


def views(stage, *arguments):
    """Return exit code and profiles of a command's JSON."""
    done = stage.cone("aws", *arguments, "-o", "json")
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)["profiles"]


def state(stage, profile):
    return views(stage, "status", profile)[1][profile]["state"]


def table(text):
    """Return the rows of a table."""
    return [[cell.strip(" |") for cell in line.split(" | ")] for line in text.splitlines()]


def wait_until(probe):
    """Ask again and again until the answer is true."""
    pause = threading.Event()
    for _ in range(10 * LIMIT_S):
        if found := probe():
            return found
        pause.wait(0.1)
    raise AssertionError("never happened")


def test_status_of_what_nobody_asked_for(stage):
    """Grants and their ends are told of with one search each, however many profiles there are."""
    stage.forget_requests()
    done = stage.cone("aws", "status")
    assert done.returncode == 0, done.stderr
    heading, *rows = table(done.stdout)
    assert heading == ["Profile", "State", "Time Left", "Grant Ends", "Task"]
    states = {row[0]: row[1] for row in rows}
    assert len(states) == 9
    assert states["p-granted"] in {"granted", "ready"}
    names = [name for name, _ in stage.operations()]
    assert names.count("GrantSearchService.Search") == 1
    assert names.count("TaskSearchService.Search") == 1


def test_an_unknown_name(stage):
    """A name that is nobody's is told before anything is asked for, dropped or shown."""
    stage.forget_requests()
    for command in ("request", "status", "forget"):
        done = stage.cone("aws", command, "p-granted", "p-grantid")
        assert (done.returncode, done.stdout) == (1, ""), command
        assert 'no profile "p-grantid"' in done.stderr
        assert 'did you mean "p-granted"?' in done.stderr
    assert stage.statuses(CREATE) == []


def test_a_request_that_is_approved_by_itself(stage):
    """It is followed to its end, and the next SDK call finds credentials without asking anyone."""
    done = stage.cone("aws", "request", "p-auto", "-j", "incident 42", "-d", "2h")
    assert done.returncode == 0, done.stderr
    heading, row = table(done.stdout)
    assert heading == ["Profile", "State", "Task", "Grant Ends", "URL"]
    assert row[:2] == ["p-auto", "ready"]
    number = row[2]
    assert row[4].endswith(f"/task/{number}")
    task = json.loads(stage.cone("task", "get", number, "-o", "json").stdout)
    assert task["description"] == "incident 42"
    assert task["type"]["grant"]["grantDuration"] == "7200s"
    stage.forget_requests()
    document = json.loads(stage.cone("aws", "credentials", "p-auto").stdout)
    assert document["AccountId"] == "100000000001"
    assert stage.operations() == []
    assert state(stage, "p-auto") == "ready"


def test_a_request_for_what_is_there(stage):
    """Whoever has access is told so, and nothing is requested."""
    stage.forget_requests()
    done = stage.cone("aws", "request", "p-granted")
    assert done.returncode == 0
    assert done.stderr == ('cone: access to "p-granted" is there already: nothing was requested\n')
    assert table(done.stdout)[1][:3] == ["p-granted", "ready", ""]
    assert stage.statuses(CREATE) == []


def test_several_at_once(stage):
    """One justification for all; the exit code is that of the worst which is no open request."""
    stage.forget_requests()
    names = ["p-approval", "p-deny", "p-form", "p-granted"]
    code, found = views(stage, "request", *names, "--justification", "because")
    assert code == 5
    assert list(found) == names
    assert [found[name]["state"] for name in names] == [
        "awaiting approval", "denied", "form required", "ready",
    ]  # fmt: skip
    assert found["p-deny"]["error"]["code"] == "AccessDenied"
    assert found["p-form"]["error"]["hint"].startswith("cone get --app-id ")
    assert stage.statuses(CREATE) == [200, 200]
    again, found = views(stage, "request", "p-approval", "p-granted", "p-approval")
    assert (again, list(found)) == (4, ["p-approval", "p-granted"])
    assert stage.statuses(CREATE).count(200) == 2
    assert state(stage, "p-approval") == "awaiting approval"


def test_machines_that_are_not_waited_for(stage):
    """Without waiting, what machines decide is still in work: exit code 1."""
    code, found = views(stage, "request", "p-slow", "--no-wait")
    assert (code, found["p-slow"]["state"]) == (1, "machine step")
    assert state(stage, "p-slow") == "machine step"


def test_a_request_that_fails(stage):
    """An error of carrying it out is the exit code, and its hint names the task."""
    done = stage.cone("aws", "request", "p-error")
    assert done.returncode == 1
    assert table(done.stdout)[1][1] == "error"


def test_waiting_for_people(stage):
    """With --wait the command ends when access is there; while it waits it says for whom."""
    waiting = subprocess.Popen(
        [*cone_command(), "aws", "request", "p-waited", "p-granted", "--wait=30s"],
        env=stage.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    with waiting:
        said = ""
        while "Grace" not in said:
            line = waiting.stderr.readline()
            assert line, said
            said += line
        number = wait_until(lambda: views(stage, "status", "p-waited")[1]["p-waited"].get("task"))
        stage.control("POST", f"/tasks/{number}/approve")
        out, _ = waiting.communicate(timeout=LIMIT_S)
    assert waiting.returncode == 0
    assert table(out)[1][:3] == ["p-waited", "ready", number]


def test_a_wait_that_runs_out(stage):
    """Whoever decided nobody in the time there was leaves the request open, and says so by 4."""
    done = stage.cone("aws", "request", "p-approval", "--wait=1s")
    assert done.returncode == 4
    assert table(done.stdout)[1][1] == "awaiting approval"


@pytest.mark.parametrize("arguments", [["--wait=soon"], ["-d", "soon"], []])
def test_wrong_usage(stage, arguments):
    """Durations that are none, and no profile at all, are refused before anything is asked for."""
    stage.forget_requests()
    profiles = ["p-auto2"] if arguments else []
    done = stage.cone("aws", "request", *profiles, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert stage.statuses(CREATE) == []


def test_forget(stage):
    """Credentials are dropped here and in the sidecar: the next call fetches new ones."""
    assert stage.cone("aws", "request", "p-auto2").returncode == 0
    before = json.loads(stage.cone("aws", "credentials", "p-auto2").stdout)
    done = stage.cone("aws", "forget", "p-auto2", "p-form")
    assert done.returncode == 0, done.stderr
    assert 'forgot what was kept of "p-auto2"' in done.stderr
    assert state(stage, "p-auto2") == "granted"
    after = json.loads(stage.cone("aws", "credentials", "p-auto2").stdout)
    assert after["AccessKeyId"] != before["AccessKeyId"]


def test_a_profile_that_misses_keys(stage):
    """It is shown with what is wrong with it; asking for it tells the same."""
    path = stage.home / ".aws" / "config"
    config = path.read_text()
    path.write_text(config + "\n[profile p-old]\ncone_app_id = a\n")
    try:
        done = stage.cone("aws", "status", "-o", "wide")
        assert done.returncode == 0
        (row,) = [row for row in table(done.stdout) if row[0] == "p-old"]
        assert row[1] == "unusable"
        assert "missing cone_app_id or cone_entitlement_id" in row[-1]
        assert "cone: error: " in done.stderr
        asked = stage.cone("aws", "request", "p-old")
        assert asked.returncode == 1
        assert "missing cone_app_id or cone_entitlement_id" in asked.stderr
    finally:
        path.write_text(config)


def test_the_tenant_is_down(simulated):
    """Every row says so, the error is told once on stderr, and the exit code is 6."""
    stage = simulated.start(SCENARIO, "--auto-confirm")
    stage.control("POST", "/faults", {"operation": "*.*", "status": 503})
    done = stage.cone("aws", "status")
    assert done.returncode == 6
    assert {row[1] for row in table(done.stdout)[1:]} == {"unreachable"}
    assert done.stderr.count("cone: error: ") == 1
    asked = stage.cone("aws", "request", "p-auto", "p-granted")
    assert asked.returncode == 6
    assert {row[1] for row in table(asked.stdout)[1:]} == {"unreachable"}


def test_without_a_session(simulated):
    """A request needs no AWS session: it is made, and how to sign in is told once for all profiles."""
    stage = simulated.start(SCENARIO)
    done = stage.cone("aws", "request", "p-auto", "p-auto2")
    assert done.returncode == 3
    assert {row[1] for row in table(done.stdout)[1:]} == {"sign-in required"}
    assert len(set(re.findall(r"user_code=([A-Z-]+)", done.stdout + done.stderr))) == 1
    assert done.stderr.count("user_code=") == 1
    assert done.stderr.count("AWS SSO session expired. Logging in...") == 1
    assert stage.statuses(CREATE) == [200, 200]
    assert {view["state"] for view in views(stage, "status", "p-auto", "p-auto2")[1].values()} == {
        "granted"
    }


def test_profiles_of_the_catalogue(simulated):
    """Without profiles in the AWS config file, those are meant that setup would make."""
    stage = simulated.start(SCENARIO, "--auto-confirm")
    assert stage.cone("aws", "login", "--no-browser").returncode == 0
    (stage.home / ".aws" / "config").unlink()
    assert state(stage, "p-granted") == "granted"
    code, found = views(stage, "request", "p-auto")
    assert (code, found["p-auto"]["state"]) == (0, "ready")
    assert state(stage, "p-auto") == "ready"
    unknown = stage.cone("aws", "request", "p-autx")
    assert unknown.returncode == 1
    assert "no profile" in unknown.stderr


def test_a_sidecar_that_does_not_answer(simulated):
    """A sidecar that stands still is done without; what it may still serve is said when forgetting."""
    stage = simulated.start(SCENARIO, "--auto-confirm")
    assert stage.cone("aws", "login", "--no-browser").returncode == 0
    stage.start_sidecar()
    sidecar = stage.children[-1]
    os.kill(sidecar.pid, 19)  # SIGSTOP
    try:
        code, found = views(stage, "request", "p-auto")
        assert (code, found["p-auto"]["state"]) == (0, "ready")
        done = stage.cone("aws", "forget", "p-auto")
        assert done.returncode == 6
        assert 'forgot what was kept of "p-auto"' in done.stderr
        assert "the sidecar doesn't answer" in done.stderr
    finally:
        os.kill(sidecar.pid, 18)  # SIGCONT


def test_login_mends_a_waiting_sidecar(simulated):
    """A sidecar that waits for a sign-in serves after `cone aws login`, with one sign-in in all."""
    stage = simulated.start(SCENARIO)
    stage.start_sidecar()
    status, body = stage.ask_sidecar("p-granted")
    assert (status, body["code"]) == (403, "SignInRequired")
    login = subprocess.Popen(
        [*cone_command(), "aws", "login", "--no-browser"],
        env=stage.environment,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    with login:
        shown = "".join(login.stderr.readline() for _ in range(3))
        code = re.search(r"compare the code: (\S+)", shown)[1]
        assert code in body["message"]
        stage.control("POST", f"/device/{code}/confirm")
        _, rest = login.communicate(timeout=LIMIT_S)
    assert rest.startswith("SUCCESS  Signed in until ")
    assert login.returncode == 0
    stage.ask_sidecar_until("p-granted", "")
    assert stage.statuses("StartDeviceAuthorization") == [200]


def test_login_again(simulated):
    """Whoever is signed in is told so; --force signs in anew."""
    stage = simulated.start(SCENARIO, "--auto-confirm")
    assert "Signed in until" in stage.cone("aws", "login", "--no-browser").stderr
    (path,) = (
        each
        for each in (stage.home / ".aws" / "sso" / "cache").glob("*.json")
        if "accessToken" in each.read_text()
    )
    before = path.read_text()
    assert "Already signed in until" in stage.cone("aws", "login").stderr
    assert path.read_text() == before
    assert "SUCCESS  Signed in until" in stage.cone("aws", "login", "--force").stderr
    assert json.loads(path.read_text())["accessToken"] != json.loads(before)["accessToken"]


@pytest.mark.parametrize("sidecar", [False, True])
def test_logout(simulated, sidecar):
    """The session ends at AWS, nothing of it is kept, and only the registered client stays."""
    stage = simulated.start(SCENARIO, "--auto-confirm")
    assert stage.cone("aws", "login", "--no-browser").returncode == 0
    if sidecar:
        stage.start_sidecar()
    assert stage.cone("aws", "request", "p-granted").returncode == 0
    done = stage.cone("aws", "logout")
    assert done.returncode == 0
    assert done.stderr == (
        "SUCCESS  Signed out of AWS (cone-sso)\n"
        "cone: credentials that programs hold stay valid until they end\n"
    )
    assert stage.statuses("Logout") == [200]
    kept = [path.read_text() for path in (stage.home / ".aws/sso/cache").glob("*.json")]
    assert len(kept) == 1
    assert "accessToken" not in kept[0]
    assert list((stage.home / ".cache/cone-sidecar").glob("*.credentials")) == []
    assert state(stage, "p-granted") == "granted"
    again = stage.cone("aws", "logout")
    assert (again.returncode, again.stderr) == (0, "cone: not signed in to AWS (cone-sso)\n")


def test_logout_without_aws(simulated):
    """Where AWS can't be told, the session is forgotten all the same, and that is said."""
    stage = simulated.start(SCENARIO, "--auto-confirm")
    assert stage.cone("aws", "login", "--no-browser").returncode == 0
    stage.control("POST", "/faults", {"operation": "Logout", "status": 503})
    done = stage.cone("aws", "logout")
    assert done.returncode == 0
    assert "cone: warning: AWS IAM Identity Center can't end the session" in done.stderr
    assert "forgotten here all the same" in done.stderr
    assert "not signed in" in stage.cone("aws", "logout").stderr


def test_an_open_request_keeps_its_terms(stage):
    """Words for a request that is open already are said to change nothing, emergency how it is had."""
    stage.cone("aws", "request", "p-approval")
    done = stage.cone("aws", "request", "p-approval", "-d", "1h", "--emergency")
    assert done.returncode == 4
    number = table(done.stdout)[1][2]
    assert f'the open request for "p-approval" (task {number}) keeps its duration' in done.stderr
    assert f"make it one for emergency access: cone task escalate {number}" in done.stderr
