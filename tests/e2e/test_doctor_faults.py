"""``cone aws doctor`` in a healthy home, and with each of many faults planted in it."""

import fcntl
import json
import os
import shlex
import subprocess
import sys
from datetime import timedelta

import pytest

import cone_sidecar.clock
from cone_cli.dispatch import dispatch
from cone_cli.doctor.program_check import own_program
from cone_cli.stage import cone_command
from cone_sidecar.clock import SystemClock
from cone_sidecar.simulator.server import TlsFiles
from fakes.certificate import write_certificate
from fakes.running_simulator import running_simulator

ADA = "ada@example.com"
PROFILE = "p-granted"
SCENARIO = f"""\
tenant: acme
users: [{{email: {ADA}, name: Ada}}, {{email: grace@example.com, name: Grace}}]
accounts: [{{id: "100000000001", name: P}}]
permission_sets:
  - {{account: P, name: Granted, granted_to: [{ADA}]}}
  - {{account: P, name: Auto}}
  - {{account: P, name: Approval, policy: approval}}
  - {{account: P, name: Form, policy: form}}
"""
LIMIT_S = 15


@pytest.fixture(name="stage", scope="module")
def _stage(simulated_once):
    """Give a home in which all is well."""
    stage = simulated_once.start(SCENARIO, "--auto-confirm")
    stage.environment |= {
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "PATH": f"{own_program().parent}:{stage.environment['PATH']}",
    }
    assert stage.cone("aws", "login", "--no-browser").returncode == 0
    (stage.home / ".conductorone" / "config.yaml").chmod(0o600)
    return stage


@pytest.fixture(name="doctor")
def _doctor(stage, monkeypatch, capsys):
    """Run the command in this process; gives what is above a note, by id."""

    def examine(profile=PROFILE, *options, **changes):
        # A name without a value is unset.
        environment = stage.environment | {k: v for k, v in changes.items() if v is not None}
        environment = {k: v for k, v in environment.items() if changes.get(k, v) is not None}
        for name in list(os.environ):
            monkeypatch.delenv(name)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        started = SystemClock().monotonic()
        code = dispatch(["aws", "doctor", *([profile] if profile else []), "-o", "json", *options])
        assert SystemClock().monotonic() - started < LIMIT_S
        said = capsys.readouterr()
        assert said.err == ""
        assert stage.environment["CONE_CLIENT_SECRET"] not in said.out
        findings = json.loads(said.out)
        bad = {each["id"]: each for each in findings if each["level"] in {"warn", "fail"}}
        assert code == int(any(each["level"] == "fail" for each in findings))
        assert all(each["fix"] for each in bad.values())
        return bad

    return examine


@pytest.fixture(name="config")
def _config(stage):
    """Give the AWS config file, as it was again afterwards."""
    path = stage.home / ".aws" / "config"
    content = path.read_bytes()
    yield path
    path.write_bytes(content)


def run(stage, fix):
    """Run a fix in a shell, as a person would."""
    done = subprocess.run(
        ["sh", "-c", fix], env=stage.environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def only(bad, check):
    """Return the one finding, which is ``check``."""
    assert list(bad) == [check]
    return bad[check]


def everything(stage):
    """Return each file of the home with its content."""
    return {path: path.read_bytes() for path in stage.home.rglob("*") if path.is_file()}


def test_all_is_well(stage, doctor):
    """No finding is above a note, with a profile and without; nothing is written or requested."""
    before = everything(stage)
    stage.forget_requests()
    assert doctor() == {}
    assert doctor(profile="") == {}
    assert everything(stage) == before
    operations = {name for name, _ in stage.operations()}
    assert "TaskService.CreateGrantTask" not in operations
    assert "StartDeviceAuthorization" not in operations


def test_offline_asks_nobody(stage, doctor):
    """What the files tell is told, and no server hears of it."""
    stage.forget_requests()
    assert doctor(PROFILE, "--offline") == {}
    assert stage.operations() == []


@pytest.mark.parametrize(
    ("variables", "check", "fix"),
    [
        ({"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE7"}, "static-keys", "unset AWS_ACCESS_KEY_ID"),
        ({"AWS_CONFIG_FILE": "/nosuch/config"}, "aws-config", "unset AWS_CONFIG_FILE"),
        ({"CONE_CLIENT_SECRET": None}, "cone-login", "cone login"),
        ({"CONE_CLIENT_SECRET": "nonsense-secret"}, "conductorone-login", "CONE_CLIENT_SECRET"),
        ({"CONE_API_ENDPOINT": "https://nosuch.invalid"}, "conductorone-dns", "getent hosts"),
        ({"CONE_API_ENDPOINT": "http://127.0.0.1:1"}, "conductorone-http", "curl -I"),
        ({"AWS_ENDPOINT_URL_SSO": "http://127.0.0.1:1"}, "identity-center-http", "curl -I"),
        ({"SSL_CERT_FILE": "/nosuch/ca.pem"}, "ca-bundle", "unset SSL_CERT_FILE"),
        ({"XDG_CACHE_HOME": "/dev/null"}, "state-directory", "mv /dev/null"),
        ({"HOME": None, "CONE_CONFIG_PATH": "/nosuch"}, "home", "export HOME="),
        (
            {
                "CONE_API_ENDPOINT": "https://acme.conductor.one",
                "HTTPS_PROXY": "http://nosuch.invalid",
            },
            "conductorone-http",
            "correct HTTPS_PROXY",
        ),
        ({"CONE_SSO_URLL": "x"}, "variable-name", 'export CONE_SSO_URL="$CONE_SSO_URLL"'),
        ({"AWS_PROFILE": "p-auto"}, "aws-profile", "export AWS_PROFILE=p-granted"),
        ({"AWS_DEFAULT_PROFILE": "nosuch"}, "aws-profile", "export AWS_DEFAULT_PROFILE=p-granted"),
        (
            {"AWS_WEB_IDENTITY_TOKEN_FILE": "/x"},
            "web-identity",
            "unset AWS_WEB_IDENTITY_TOKEN_FILE",
        ),
        ({"CONE_CLIENT_ID": None, "CONE_PROFILE": "two"}, "cone-login", "--profile two"),
    ],
)
def test_a_variable(stage, doctor, variables, check, fix):
    """Each is found, whatever follows from it, and its fix is named; without the variable all is well."""
    bad = doctor(**variables)
    assert check in bad
    assert fix in bad[check]["fix"]
    assert "AKIAEXAMPLE7" not in json.dumps(bad)


def test_malformed_config_of_cone(stage, doctor):
    """It is said which line is wrong."""
    path = stage.home / ".conductorone" / "config.yaml"
    before = path.read_bytes()
    path.write_bytes(before + b"\n: : [\n")
    assert "correct line" in doctor()["cone-config"]["fix"]
    path.write_bytes(before)


def test_everybody_s_config_of_cone(stage, doctor):
    """The login is in it; the fix is run, and all is well."""
    path = stage.home / ".conductorone" / "config.yaml"
    path.chmod(0o644)
    run(stage, only(doctor(), "cone-config-mode")["fix"])
    assert doctor() == {}


def test_malformed_aws_config(config, doctor):
    """It is said which line is wrong."""
    config.write_bytes(b"nonsense\n" + config.read_bytes())
    assert "make line 1 of" in doctor()["aws-files"]["fix"]


@pytest.mark.parametrize(
    ("old", "new", "check", "fix"),
    [
        (b"cone_app_id", b"cone_no_id", "profile-incomplete", "delete the profile"),
        (b"output = json", b"sso_session = cone-sso", "sso-beside-process", "--update"),
        (b"credential_process = /", b"credential_process = ./", "credential-process", "--update"),
        (b"cone_sso_role_name = Granted", b"cone_sso_role_name = Nosuch", "role", "--update"),
        (b"100000000001", b"100000000009", "role", "--update"),
        (b"cone_entitlement_id = ", b"cone_entitlement_id = x", "entitlement", "--prune"),
    ],
)
def test_a_section(config, doctor, old, new, check, fix):
    """A profile's section that isn't right is found, and so is what mends it."""
    head, section = config.read_bytes().split(b"[profile p-granted]")
    ours, sep, others = section.partition(b"\n[")
    config.write_bytes(head + b"[profile p-granted]" + ours.replace(old, new) + sep + others)
    bad = doctor()
    assert check in bad
    assert fix in bad[check]["fix"]


def test_the_region(config, doctor):
    """A start URL that names its region tells of another one; the command that mends it is named."""
    there = b"https://ssoins-1.portal.eu-west-1.app.aws"
    config.write_bytes(config.read_bytes().replace(b"https://acme.awsapps.com/start", there))
    assert doctor()["sso-region"]["fix"] == "cone aws setup --sso-region eu-west-1"


def test_the_section_is_gone(config, doctor):
    """Setup writes it anew, and all is well."""
    text = config.read_bytes()
    config.write_bytes(text.replace(b"[profile p-granted]", b"[profile other]"))
    assert doctor()["profile"]["fix"] == "cone aws setup"


def test_a_name_that_was_mistyped(doctor):
    """The one that was meant is named, and what holds for each profile is looked at."""
    assert 'did you mean "p-granted"?' in doctor("p-grantd")["profile"]["fix"]
    assert "cone-login" in doctor("p-grantd", CONE_CLIENT_ID=None)


@pytest.mark.parametrize(
    ("before", "after", "check", "fix"),
    [
        (b"", b"\n[profile p-granted]\nregion = eu-west-1\n", "duplicate-section", "one section"),
        (b"", b"\n[profile mine]\n\n[profile mine]\n", "duplicate-section", "one section"),
        (b"", b"\n[profile mine]\nregion = a\nregion = b\n", "duplicate-key", "one of them"),
        (b"\xef\xbb\xbf", b"", "aws-files", "sed -i"),
        (b"# caf\xe9\n", b"", "aws-files", "mend line 1"),
    ],
)
def test_what_boto3_does_not_read(stage, config, doctor, before, after, check, fix):
    """A line that they are stricter about costs boto3 and the AWS CLI each profile of the file."""
    config.write_bytes(before + config.read_bytes() + after)
    profiles = "import botocore.session; botocore.session.Session().available_profiles"
    command = [sys.executable, "-c", profiles]
    done = subprocess.run(command, env=stage.environment, capture_output=True, check=False)
    assert b"ConfigParseError" in done.stderr
    assert fix in only(doctor(), check)["fix"]


def test_a_credentials_file_that_can_not_be_read(stage, doctor):
    """It is one finding, and the chain is followed all the same."""
    path = stage.home / ".aws" / "credentials"
    path.write_text("[default]\nnonsense\n")
    assert "make line 2 of" in only(doctor(), "aws-files")["fix"]
    path.unlink()
    assert doctor() == {}


def test_the_credentials_file(stage, doctor):
    """A section of the same name in it is what most clients take."""
    path = stage.home / ".aws" / "credentials"
    path.write_text(f"[{PROFILE}]\naws_access_key_id = AKIAEXAMPLE7\naws_secret_access_key = s\n")
    assert str(path) in doctor()["shadowed-profile"]["fix"]
    path.unlink()
    assert doctor() == {}


def test_another_cone(stage, doctor, tmp_path):
    """An older one, or the original, earlier on PATH is found; the fix puts this one first."""
    other = tmp_path / "cone"
    other.write_text("#!/bin/sh\n")
    other.chmod(0o755)
    found = only(doctor(PATH=f"{tmp_path}:{stage.environment['PATH']}"), "other-cone")
    assert found["fix"].startswith(f"export PATH={own_program().parent}")
    assert found["evidence"] == str(other)


def test_a_lock(stage, doctor):
    """One that another process holds is found; a file that was left over is none."""
    path = stage.home / ".aws" / ".config.cone.lock"
    path.touch()
    assert doctor(PROFILE, "--offline") == {}
    with path.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert only(doctor(PROFILE, "--offline"), "lock-held")["fix"] == f"fuser -v {path}"


def test_a_full_disk(doctor, monkeypatch):
    """What can't be kept is said before somebody signs in."""
    full = os.statvfs_result((4096, 4096, 100, 0, 0, 10, 10, 10, 0, 255))
    monkeypatch.setattr(os, "statvfs", lambda path: full)
    assert "df -h" in only(doctor(PROFILE, "--offline"), "disk-full")["fix"]


def test_somebody_else_s_directory(doctor, monkeypatch):
    """As after one command with sudo."""
    monkeypatch.setattr(os, "geteuid", lambda: 4711)
    assert "chown" in doctor(PROFILE, "--offline")["state-directory"]["fix"]


@pytest.mark.parametrize(("off_s", "level"), [(100, "warn"), (-100, "warn"), (400, "fail")])
def test_the_clock(doctor, monkeypatch, off_s, level):
    """More than a minute is a warning, more than five a failure."""

    class Off(SystemClock):
        def now(self):
            return super().now() + timedelta(seconds=off_s)

    monkeypatch.setattr(cone_sidecar.clock, "SystemClock", Off)
    found = doctor()["clock-skew"]
    assert found["level"] == level
    assert "timedatectl" in found["fix"]


def test_no_grant(doctor):
    """It is asked for when it is used: a warning, and the command that asks now."""
    assert only(doctor("p-auto"), "grant")["fix"] == "cone aws request p-auto"


def test_a_form(doctor):
    """No SDK fills it in."""
    assert only(doctor("p-form"), "request-form")["fix"].startswith("cone get --app-id ")


def test_an_open_request(stage, doctor):
    """Somebody has to approve it; doctor asks for none of its own."""
    assert stage.cone("aws", "request", "p-approval", "--no-wait").returncode in {0, 4}
    found = only(doctor("p-approval"), "open-request")
    assert "awaiting approval" in found["what"]
    run(stage, found["fix"])


def test_the_tenant_fails(stage, doctor):
    """An outage is said to be one."""
    stage.control("POST", "/faults", {"operation": "OAuth.Token", "status": 401})
    try:
        assert only(doctor(), "conductorone-login")["fix"]
    finally:
        stage.control("DELETE", "/faults")


def test_a_certificate_that_is_not_trusted(stage, doctor, tmp_path):
    """The variable that names an authority is told; with it, the certificate is none of the findings."""
    certificate, key = write_certificate(tmp_path)
    with running_simulator(tls=TlsFiles(certificate, key)) as (url, _):
        there = {"CONE_API_ENDPOINT": url.removeprefix("https://")}
        found = doctor(**there)["conductorone-tls"]
        assert found["fix"] == "export SSL_CERT_FILE=<the authority's file>"
        assert "conductorone-tls" not in doctor(**there, SSL_CERT_FILE=str(certificate))


def test_a_silent_tenant(stage, doctor):
    """It is left after its time; of a grant that nobody knows of, nothing is said."""
    stage.control("POST", "/faults", {"operation": "AppEntitlements.Get", "hang": True})
    stage.control("POST", "/faults", {"operation": "GetRoleCredentials", "status": 403})
    try:
        found = only(doctor(), "conductorone-http")
    finally:
        stage.control("DELETE", "/faults")
    assert "doesn't answer within" in found["what"]


def test_propagation(stage, doctor):
    """Granted, and AWS doesn't know the role."""
    stage.control("POST", "/faults", {"operation": "GetRoleCredentials", "status": 403})
    try:
        assert "retry in a minute" in only(doctor(), "role")["fix"]
    finally:
        stage.control("DELETE", "/faults")


def test_two_faults(stage, doctor):
    """Both are found."""
    (stage.home / ".conductorone" / "config.yaml").chmod(0o644)
    bad = doctor(AWS_ACCESS_KEY_ID="AKIAEXAMPLE7")
    assert set(bad) == {"static-keys", "cone-config-mode"}
    (stage.home / ".conductorone" / "config.yaml").chmod(0o600)


def test_the_session(stage, doctor):
    """One that AWS has ended is told from none; the fix signs in, and all is well."""
    stage.control("POST", "/sessions/expire", {"kind": "all"})
    assert doctor()["session-refused"]["fix"].startswith("cone aws login --force")
    assert stage.cone("aws", "logout").returncode == 0
    found = only(doctor(), "session")
    assert found["fix"] == "cone aws login"
    run(stage, shlex.join([*cone_command(), *found["fix"].split()[1:]]))
    assert doctor() == {}
