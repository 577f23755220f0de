"""The AWS CLI v2, in a container: through the sidecar, and sharing its sign-in with ours."""

import os
import re
import subprocess
import urllib.request
from pathlib import Path

import pytest

from fakes.simulated_stage import SimulatedStage

SCENARIO = """\
tenant: acme
users: [{email: ada@example.com}]
accounts: [{id: "100000000001", name: P}]
permission_sets:
  - {account: P, name: Auto, policy: auto}
  - {account: P, name: Approval, policy: approval}
  - {account: P, name: Slow, policy: machine, lags: {policy_step: 1500ms, propagation: 1s}}
  - {account: P, name: Granted, granted_to: [ada@example.com]}
"""
# A profile as people write it for the AWS CLI: of cone only the sso-session is taken.
PLAIN = """
[profile plain]
sso_session = cone-sso
sso_account_id = 100000000001
sso_role_name = Granted
region = us-east-1
"""
IDENTITY = ["sts", "get-caller-identity", "--query", "Arn", "--output", "text"]
LOGIN = ["sso", "login", "--sso-session", "cone-sso", "--no-browser"]
USER_CODE = re.compile(r"user_code=([A-Z-]+)")
AUTHORIZE = re.compile(r"https?://\S+/authorize\?\S+")
PASSED_ON = ("AWS_", "NO_PROXY")
LIMIT_S = 60

pytestmark = pytest.mark.container


class AwsCli:
    """The AWS CLI in a container that shares a home and the network with this machine."""

    def __init__(self, docker, container, stage):
        self._docker = docker
        self._container = container
        self._stage = stage

    def command(self, *arguments, environment=None):
        """Return the command line that runs it, as the environment says."""
        passed = {
            name: value
            for name, value in (environment or self._stage.environment).items()
            if name.startswith(PASSED_ON)
        }
        options = [f"--env={name}={value}" for name, value in passed.items()]
        return [
            "exec",
            f"--env=HOME={self._stage.home}",
            *options,
            self._container,
            "aws",
            *arguments,
        ]

    def __call__(self, *arguments, environment=None):
        """Run it to its end, however it ends."""
        return self._docker(*self.command(*arguments, environment=environment), ok=False)

    def identity(self, *arguments, environment=None):
        """Return who STS says that it is."""
        done = self(*IDENTITY, *arguments, environment=environment)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def sign_in(self, *arguments, answer):
        """Sign in; ``answer`` does the person's part, given what is shown."""
        with subprocess.Popen(
            ["docker", *self.command(*LOGIN, *arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as child:
            shown = ""
            for line in child.stdout:
                shown += line
                answer(line)
        assert child.returncode == 0, shown
        assert "Successfully logged into" in shown


@pytest.fixture(name="cli_image", scope="module")
def _cli_image(docker):
    """Give an image with the AWS CLI v2."""
    return docker.build_once(Path(__file__).with_name("aws_cli_v2"))


@pytest.fixture(name="stage")
def _stage():
    """Give a home of its own with a simulator that confirms nothing by itself."""
    with SimulatedStage() as stage:
        stage.start(SCENARIO)
        with (stage.home / ".aws" / "config").open("a") as config:
            config.write(PLAIN)
        yield stage


@pytest.fixture(name="aws")
def _aws(docker, cli_image, stage):
    """Give the AWS CLI in that home."""
    container = docker.value(
        "run",
        "--detach",
        "--rm",
        "--init",
        "--network=host",
        f"--user={os.getuid()}:{os.getgid()}",
        f"--volume={stage.home}:{stage.home}",
        cli_image,
        "sleep",
        "infinity",
    )
    yield AwsCli(docker, container, stage)
    docker("rm", "--force", container)


def confirm_device(stage):
    """Return a person who confirms the code that is shown."""

    def answer(line):
        if found := USER_CODE.search(line):
            stage.control("POST", f"/device/{found[1]}/confirm")

    return answer


def allow_in_a_browser(line):
    """Open the page that is shown, allow, and follow the redirect back to the waiting CLI."""
    if found := AUTHORIZE.search(line):
        page, _, query = found[0].partition("?")
        form = f"{query}&email=ada@example.com&decision=confirm".encode()
        with urllib.request.urlopen(page, data=form, timeout=LIMIT_S) as returned:
            assert returned.url.startswith("http://127.0.0.1:")


def test_it_is_version_2(aws):
    """The container holds what it is named for, new enough to obey AWS_ENDPOINT_URL."""
    version = aws("--version").stdout.removeprefix("aws-cli/").split(".")
    assert (int(version[0]), int(version[1])) >= (2, 13)


def test_through_the_sidecar(aws, stage):
    """Without a grant and with one it gets the identity; what has to be approved is said."""
    aws.sign_in("--use-device-code", answer=confirm_device(stage))
    stage.start_sidecar()
    for profile in ("auto", "granted"):
        arn = aws.identity(environment=stage.sidecar_environment(f"p-{profile}"))
        assert f":assumed-role/AWSReservedSSO_{profile.capitalize()}_" in arn
        assert arn.endswith("/ada@example.com")
    refused = aws(*IDENTITY, environment=stage.sidecar_environment("p-approval"))
    assert refused.returncode != 0
    assert re.search("awaits approval.*: task ", refused.stderr)


def test_its_first_call_has_the_role(aws, stage):
    """Without a grant, a machine that takes 1.5 s and a second of AWS's are waited for."""
    aws.sign_in("--use-device-code", answer=confirm_device(stage))
    stage.start_sidecar()
    arn = aws.identity(environment=stage.sidecar_environment("p-slow"))
    assert ":assumed-role/AWSReservedSSO_Slow_" in arn
    assert stage.statuses("TaskService.CreateGrantTask") == [200]
    assert stage.statuses("GetRoleCredentials").count(200) == 1


@pytest.mark.parametrize("flow", ["device code", "browser"])
def test_its_sign_in_is_used_by_cone(aws, stage, flow):
    """A session that ``aws sso login`` made serves both, and we start none of our own."""
    if flow == "browser":
        aws.sign_in(answer=allow_in_a_browser)
    else:
        aws.sign_in("--use-device-code", answer=confirm_device(stage))
    assert "AWSReservedSSO_Granted_" in aws.identity("--profile", "plain")
    stage.forget_requests()
    done = stage.cone("aws", "credentials", "p-granted")
    assert done.returncode == 0, done.stderr
    assert "Already signed in" in stage.cone("aws", "login").stderr
    assert stage.statuses("StartDeviceAuthorization") == []
    assert stage.statuses("CreateToken") == []


def test_it_uses_the_sign_in_of_cone(aws, stage):
    """A session that cone made serves an sso-session profile, and survives a refresh by either."""
    link = stage.cone("aws", "credentials", "p-granted")
    assert link.returncode == 3
    confirm_device(stage)(link.stderr)
    done = stage.cone("aws", "credentials", "p-granted")
    assert done.returncode == 0, done.stderr
    assert "AWSReservedSSO_Granted_" in aws.identity("--profile", "plain")
    stage.control("POST", "/sessions/expire", {"kind": "access"})
    stage.forget_credentials()
    done = stage.cone("aws", "credentials", "p-granted")
    assert done.returncode == 0, done.stderr
    assert "AWSReservedSSO_Granted_" in aws.identity("--profile", "plain")
    assert stage.statuses("StartDeviceAuthorization") == [200]


def test_its_sign_out_is_ours_too(aws, stage):
    """After ``aws sso logout`` cone asks for a new sign-in."""
    aws.sign_in("--use-device-code", answer=confirm_device(stage))
    assert aws("sso", "logout").returncode == 0
    done = stage.cone("aws", "credentials", "p-granted")
    assert done.returncode == 3
    assert USER_CODE.search(done.stderr)
