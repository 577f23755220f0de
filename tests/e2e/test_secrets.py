"""No secret is seen where it doesn't belong: output, logs, pages, process lists, open files."""

import contextlib
import json
import os
import re
import resource
import shutil
import stat
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from cone_cli.stage import cone_command
from cone_sidecar.authorization_token import profile_token
from cone_sidecar.secret import Secret
from cone_sidecar.simulator.exports import client_environment
from fakes.issued_secrets import IssuedSecrets
from fakes.running_simulator import running_simulator
from fakes.simulated_stage import START_URL, SimulatedStage

SCENARIO = """\
tenant: acme
users: [{email: ada@example.com}]
accounts: [{id: "100000000001", name: P}]
permission_sets:
  - {account: P, name: Auto, policy: auto}
  - {account: P, name: Cold, policy: auto}
  - {account: P, name: Approval, policy: approval}
  - {account: P, name: Deny, policy: deny}
  - {account: P, name: Form, policy: form}
  - {account: P, name: Granted, granted_to: [ada@example.com]}
"""
BOTO3 = (
    "import boto3; print(boto3.client('sts', region_name='us-east-1').get_caller_identity()['Arn'])"
)
KINDS = {
    "access_token",
    "accessToken",
    "client_assertion",
    "client_secret",
    "clientSecret",
    "deviceCode",
    "device_code",
    "refreshToken",
    "secretAccessKey",
    "sessionToken",
    "x-amz-sso_bearer_token",
    "authorization token",
    "management secret",
    "profile token",
}
LIMIT_S = 30


class ProcessList:
    """Look at every process's arguments for as long as the block lasts."""

    def __init__(self):
        self.seen = set()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()

    def _look(self):
        while not self._stop.wait(0.01):
            for path in Path("/proc").glob("[0-9]*/cmdline"):
                with contextlib.suppress(OSError):
                    self.seen.add(path.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace"))


class Flow:
    """Everything that a person and their programs do, with all that could be seen of it."""

    def __init__(self, stage, secrets, log):
        self.log = log
        self.stage = stage
        self.secrets = secrets
        self.seen = {}

    def cone(self, *arguments, prints_secrets=False, **variables):
        """Run ``cone``; its stdout is kept out only where secrets are what it is asked for."""
        done = self.stage.attempt(
            [*cone_command(), *arguments], {**self.stage.environment, **variables}
        )
        label = f"{len(self.seen)} cone {' '.join(arguments)}"
        self.seen[f"{label}: stderr"] = done.stderr
        if not prints_secrets or done.returncode:
            self.seen[f"{label}: stdout"] = done.stdout
        return done

    def confirming(self, *arguments):
        """Run ``cone``, and confirm the sign-in that it offers."""
        with subprocess.Popen(
            [*cone_command(), *arguments],
            env=self.stage.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as child:
            said = ""
            for line in child.stderr:
                said += line
                if "user_code=" in line:
                    code = line.partition("user_code=")[2].strip()
                    self.stage.control("POST", f"/device/{code}/confirm")
            self.seen[f"cone {' '.join(arguments)}"] = said + child.stdout.read()
        assert child.returncode == 0, said

    def ask(self, sidecar, path, **headers):
        """Ask a listener; returns the status, and keeps the body unless it is credentials."""
        request = urllib.request.Request(sidecar + path, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=LIMIT_S) as answer:
                status, body = answer.status, answer.read().decode()
        except urllib.error.HTTPError as refused:
            with refused:
                status, body = refused.code, refused.read().decode()
                body += str(refused.headers)
        if path.startswith("/credentials/") and status == 200:
            self.secrets.add("secretAccessKey", json.loads(body)["SecretAccessKey"])
        else:
            self.seen[f"{len(self.seen)} GET {path}: {status}"] = body
        return status

    def fault(self, operation, **what):
        """Make the next requests for ``operation`` fail."""
        self.stage.control("POST", "/faults", {"operation": operation, **what})


@pytest.fixture(name="flow", scope="module")
def _flow(tmp_path_factory):
    """Run everything once; the tests look at what came of it."""
    scenario = tmp_path_factory.mktemp("secrets") / "scenario.yaml"
    scenario.write_text(SCENARIO)
    secrets = IssuedSecrets()
    with (
        running_simulator(scenario, around=secrets.around) as (url, simulator),
        SimulatedStage() as stage,
        ProcessList() as processes,
    ):
        stage.url = url
        exports = client_environment(simulator.world, url)
        secrets.add("client_secret", exports.pop("CONE_CLIENT_SECRET"))
        exports.pop("CONE_CLIENT_ID")
        stage.environment |= exports
        flow = Flow(stage, secrets, scenario.with_name("log"))
        on_the_command_line(flow)
        with_faults(flow)
        through_the_sidecar(flow)
        flow.processes = processes.seen
        flow.seen["journal"] = json.dumps(stage.control("GET", "/requests"))
        yield flow


def on_the_command_line(flow):
    """Log in, set up, sign in, get credentials, be refused."""
    flow.confirming("login", flow.stage.url)
    flow.cone("whoami", "-o", "json")
    flow.cone("aws", "setup", "--sso-url", START_URL)
    flow.cone("aws", "setup", "show")
    link = flow.cone("aws", "credentials", "p-granted")
    assert link.returncode == 3, link.stderr
    flow.confirming("aws", "login")
    assert flow.cone("aws", "credentials", "p-auto", prints_secrets=True).returncode == 0
    for profile in ("p-approval", "p-approval", "p-deny", "p-form", "p-nowhere"):
        assert flow.cone("aws", "credentials", profile).returncode != 0
    flow.stage.control("POST", "/sessions/expire", {"kind": "access"})
    assert flow.cone("aws", "credentials", "p-granted", prints_secrets=True).returncode == 0


def with_faults(flow):
    """Let upstream fail in every way, and answer with our own secrets in the error."""
    echo = " ".join(sorted(flow.secrets.all()))
    ways = [
        {"status": 500, "count": 2},
        {"status": 400, "count": 1, "body": {"message": echo, "error_description": echo}},
        {"status": 401, "count": 1, "body": echo},
        {"status": 403, "count": 1, "body": {"message": echo, "code": 7}},
        {"status": 200, "count": 1, "body": [{"unexpected": echo}]},
        {"html": True, "count": 1},
        {"truncate": True, "count": 1},
    ]
    for operation in ("GetRoleCredentials", "TaskService.Get", "OAuth.Token", "CreateToken"):
        for way in ways:
            flow.stage.forget_credentials()
            forget(flow.stage, "*.outcome", "access-token-*")
            if operation == "CreateToken":
                sign_in_anew(flow)
                flow.stage.control("POST", "/sessions/expire", {"kind": "access"})
            flow.fault(operation, **way)
            flow.cone("aws", "credentials", "p-cold", prints_secrets=True, CONE_TRACEBACK="1")
            flow.stage.control("DELETE", "/faults")
    sign_in_anew(flow)


def sign_in_anew(flow):
    """Sign in, whatever became of the session."""
    shutil.rmtree(flow.stage.home / ".aws" / "sso")
    flow.confirming("aws", "login")


def forget(stage, *patterns):
    for pattern in patterns:
        for path in (stage.home / ".cache" / "cone-sidecar").glob(pattern):
            path.unlink()


@contextlib.contextmanager
def core_files_wanted():
    """Let whoever is started in the block write a core file, if this machine allows that at all."""
    soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_CORE, (soft, hard))


def through_the_sidecar(flow):
    """Serve an SDK, refuse others, and look at every page."""
    stage = flow.stage
    log = flow.log
    with log.open("w") as file, core_files_wanted():
        child = stage.spawn(
            [
                *("serve", "--listen", "127.0.0.1:0", "--management-listen", "127.0.0.1:0"),
                *("--audit", "stdout"),
            ],
            stdout=file.fileno(),
            stderr=file.fileno(),
        )
    running = stage.home / ".cache" / "cone-sidecar" / "serve.json"
    while not running.exists():
        assert child.poll() is None, log.read_text()
    where = json.loads(running.read_bytes())
    token = Path(where["token_file"]).read_text()
    flow.secrets.add("authorization token", token)
    flow.secrets.add("management secret", Path(where["management_token_file"]).read_text())
    flow.secrets.add("profile token", profile_token(Secret(token), "p-granted").reveal())
    flow.cone("aws", "env", "p-granted", prints_secrets=True)
    environment = stage.sidecar_environment("p-granted")
    boto3 = stage.attempt([sys.executable, "-c", BOTO3], environment)
    assert boto3.returncode == 0, boto3.stderr
    flow.seen["boto3"] = boto3.stdout + boto3.stderr
    pending = stage.attempt([sys.executable, "-c", BOTO3], stage.sidecar_environment("p-approval"))
    assert "ApprovalPending" in pending.stderr
    flow.seen["boto3, refused"] = pending.stdout + pending.stderr
    credentials, management = where["credentials_url"], where["management_url"]
    for profile in ("p-granted", "p-approval", "p-deny", "p-form", "p-nowhere", token):
        flow.ask(credentials, f"/credentials/{profile}", Authorization=token)
    flow.fault("*", status=200, body=[1])
    assert flow.ask(credentials, "/credentials/p-cold", Authorization=token) != 200
    stage.control("DELETE", "/faults")
    assert flow.ask(credentials, "/credentials/p-granted") == 401
    assert flow.ask(credentials, "/credentials/p-granted", Authorization=token + "x") == 401
    assert flow.ask(credentials, f"/{token}", Authorization=token) == 404
    assert flow.ask(credentials, "/credentials/p-auto", Authorization=token, Origin="x") == 403
    for page in (
        "/status",
        "/metrics",
        "/livez",
        "/readyz",
        "/readyz/p-granted",
        f"/readyz/{token}",
    ):
        flow.ask(management, page)
    flow.seen["doctor"] = stage.attempt([*cone_command(), "aws", "doctor"], environment).stdout
    assert "full-uri" in flow.seen["doctor"]
    flow.limits = Path(f"/proc/{child.pid}/limits").read_text()
    assert stage.end(child) == 0
    flow.seen["log"] = log.read_text()


def test_there_was_something_to_find(flow):
    """Every kind of secret was given out, and there is much to look through."""
    assert set(flow.secrets.by_kind) >= KINDS
    assert len(flow.seen) > 60
    assert any(" serve " in arguments for arguments in flow.processes)
    assert any(" aws credentials " in arguments for arguments in flow.processes)


def test_no_output_holds_a_secret(flow):
    """Stdout and stderr of every command, the log, every page and error body, the journal."""
    leaks = {label: flow.secrets.within(text) for label, text in flow.seen.items()}
    assert {label: kinds for label, kinds in leaks.items() if kinds} == {}


def test_what_is_asked_for_is_all_that_is_printed(flow):
    """Credentials and ``cone aws env`` print their own secrets and no other."""
    document = flow.stage.cone("aws", "credentials", "p-granted").stdout
    assert set(flow.secrets.within(document)) == {"secretAccessKey", "sessionToken"}


def test_no_process_list_holds_a_secret(flow):
    """No argument of any process was a secret, however short it lived."""
    # Others' processes come and go meanwhile.
    seen = [arguments for arguments in list(flow.processes) if arguments]
    assert [flow.secrets.within(arguments) for arguments in seen] == [[] for _ in seen]


def test_a_crash_leaves_no_core_file(flow):
    """Whatever kills the sidecar, its memory isn't written to disk."""
    assert re.search(r"^Max core file size +0 ", flow.limits, re.MULTILINE)


def test_files_with_secrets_are_their_owners(flow):
    """Every file that holds a secret has mode 0600, and its directory lets nobody else in."""
    holding = [
        path
        for path in flow.stage.home.rglob("*")
        if path.is_file() and flow.secrets.within(path.read_bytes().decode("utf-8", "replace"))
    ]
    names = {path.parent.name for path in holding}
    assert {".conductorone", "cone-sidecar", "cache"} <= names
    for path in holding:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700, path
        assert path.stat().st_uid == os.getuid()
