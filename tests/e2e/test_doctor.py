"""``cone aws doctor`` in environments that are right, and in some that are not, beside a real sidecar."""

import json

import pytest

from cone_cli.stage import cone_command

ADA = "ada@example.com"
SCENARIO = f"""\
tenant: acme
users: [{{email: {ADA}, name: Ada}}, {{email: grace@example.com, name: Grace}}]
accounts: [{{id: "100000000001", name: P}}]
permission_sets:
  - {{account: P, name: Granted, granted_to: [{ADA}]}}
  - {{account: P, name: Approval, policy: approval}}
  - {{account: P, name: Never}}
"""
FULL = "AWS_CONTAINER_CREDENTIALS_FULL_URI"
TOKEN = "AWS_CONTAINER_AUTHORIZATION_TOKEN"
TOKEN_FILE = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"


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


def examine(stage, environment, *arguments):
    """Return the exit code and the findings by id; the output holds no token of the environment."""
    done = stage.attempt([*cone_command(), "aws", "doctor", "-o", "json", *arguments], environment)
    assert done.stderr == ""
    if token := environment.get(TOKEN):
        assert token not in done.stdout
    return done.returncode, {each["id"]: each for each in json.loads(done.stdout)}


def wrong(findings):
    """Return the ids of what isn't right."""
    return {name for name, each in findings.items() if each["level"] in {"warn", "fail"}}


def test_the_environment_of_cone_aws_env(beside):
    """It is right in every way, and credentials come."""
    beside.ask_sidecar_until("p-granted", "")
    code, findings = examine(beside, beside.sidecar_environment("p-granted"), "p-granted")
    assert (code, wrong(findings)) == (0, set())
    assert "gives out the key ..." in findings["endpoint-answer"]["what"]
    assert "C++ and MinIO" in findings["silent-clients"]["what"]


def test_one_line_for_each_finding(beside):
    """Level, id and text; the fix stands behind it."""
    environment = beside.sidecar_environment("p-granted") | {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE7"}
    done = beside.attempt([*cone_command(), "aws", "doctor"], environment)
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert lines[-2] == ""
    assert lines[-1].startswith("1 fail, ")
    assert {line.split()[0] for line in lines[:-2]} == {"ok", "info", "fail"}
    (failed,) = [line for line in lines if line.startswith("fail")]
    assert failed.split()[1] == "static-keys"
    assert failed.endswith("; fix: unset AWS_ACCESS_KEY_ID")
    assert "AKIAEXAMPLE7" not in done.stdout


def test_a_pending_approval(beside):
    """The sidecar's message is shown, which many clients swallow."""
    _, body = beside.ask_sidecar_until("p-approval", "ApprovalPending")
    code, findings = examine(beside, beside.sidecar_environment("p-approval"))
    assert (code, wrong(findings)) == (1, {"endpoint-answer"})
    assert "answers 403: " in findings["endpoint-answer"]["what"]
    # Who may approve is known a moment later than that somebody has to.
    request = body["message"].split(" (")[0].split("; ")[0]
    assert request in findings["endpoint-answer"]["what"]


def test_looking_begins_nothing(beside):
    """Nobody asked for the profile before: that is said, and no access is requested."""
    beside.forget_requests()
    code, findings = examine(beside, beside.sidecar_environment("p-never"))
    assert (code, wrong(findings)) == (0, set())
    assert "nobody has asked for it yet" in findings["endpoint-answer"]["what"]
    assert beside.statuses("TaskService.CreateGrantTask") == []


def test_a_sidecar_with_other_settings(beside):
    """The commands of this environment don't ask it, and so it is told from none."""
    environment = beside.environment | {"CONE_CONFIG_PATH": str(beside.home / "elsewhere")}
    findings = examine(beside, environment, "p-granted")[1]
    assert findings["running-sidecar"]["level"] == "warn"
    assert "other settings" in findings["running-sidecar"]["what"]


def test_a_wrong_token(beside):
    """It is refused, and so is the fix named."""
    environment = beside.sidecar_environment("p-granted")
    wrong_one = environment[TOKEN][::-1]
    path = beside.home / "wrong-token"
    path.write_text(wrong_one)
    path.chmod(0o600)
    environment |= {TOKEN: wrong_one, TOKEN_FILE: str(path)}
    code, findings = examine(beside, environment)
    assert (code, wrong(findings)) == (1, {"endpoint-answer"})
    assert "answers 401" in findings["endpoint-answer"]["what"]
    assert findings["endpoint-answer"]["fix"] == 'eval "$(cone aws env p-granted)"'


def test_another_port(beside):
    """Nobody listens there; where the sidecar is, is said."""
    environment = beside.sidecar_environment("p-granted")
    environment |= {FULL: "http://127.0.0.1:1/credentials/p-granted"}
    code, findings = examine(beside, environment)
    assert (code, wrong(findings)) == (1, {"endpoint-listens", "running-sidecar"})
    assert findings["endpoint-listens"]["fix"] == "cone serve --listen 127.0.0.1:1"
    assert findings["running-sidecar"]["fix"] == 'eval "$(cone aws env p-granted)"'


def test_a_service_name(beside):
    """SDKs refuse it, so it isn't asked either: it would be given the token."""
    environment = beside.sidecar_environment("p-granted")
    environment |= {FULL: "http://cone-sidecar:9911/credentials/p-granted"}
    code, findings = examine(beside, environment)
    assert code == 1
    assert "full-uri-host" in wrong(findings)
    assert not {"endpoint-listens", "endpoint-answer"} & set(findings)


def test_a_laptop_without_variables(alone):
    """That is no failure."""
    code, findings = examine(alone, alone.environment)
    assert (code, wrong(findings)) == (0, set())
    assert findings["no-endpoint"]["fix"] == 'eval "$(cone aws env <profile>)"'


def test_a_profile_without_a_sidecar(alone):
    """What ``cone aws setup`` wrote works without one; some clients would go on to IMDS should it fail."""
    code, findings = examine(alone, alone.environment, "p-granted")
    assert (code, wrong(findings)) == (0, set())
    assert findings["credential-process"]["level"] == "ok"
    assert findings["running-sidecar"]["level"] == "info"


def test_a_profile_beside_a_sidecar(beside):
    """The sidecar says whether it serves it."""
    environment = beside.environment | {"AWS_EC2_METADATA_DISABLED": "true"}
    code, findings = examine(beside, environment, "p-granted")
    assert (code, wrong(findings)) == (0, set())
    assert findings["running-sidecar"]["level"] == "ok"


def test_no_such_profile(beside):
    """It is neither in the file nor served."""
    code, findings = examine(beside, beside.environment, "nosuch")
    assert (code, wrong(findings)) == (1, {"profile", "running-sidecar"})
    assert findings["profile"]["fix"] == "cone aws setup"


def test_files_that_can_not_be_read(alone):
    """It is a finding, and the others follow."""
    config = alone.home / "broken-config"
    config.write_text("no section\n")
    code, findings = examine(alone, alone.environment | {"AWS_CONFIG_FILE": str(config)})
    assert (code, wrong(findings)) == (1, {"aws-files"})


def test_a_sidecar_that_can_serve_nothing(alone):
    """That one runs is said, and what keeps it from serving: a secret that is none."""
    with type(alone)() as stage:
        stage.start(SCENARIO)
        stage.environment |= {"CONE_CLIENT_SECRET": "none", "AWS_CONFIG_FILE": "/dev/null"}
        stage.start_sidecar()
        findings = examine(stage, stage.environment, "p-granted")[1]
    assert findings["running-sidecar"]["level"] == "warn"
    assert findings["running-sidecar"]["what"] == (
        "the running sidecar serves nothing yet: invalid client secret"
    )
    assert "CONE_CLIENT_SECRET" in findings["running-sidecar"]["fix"]
