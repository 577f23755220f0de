"""A running sidecar is told something else: SIGHUP, changed files, secrets that are replaced."""

import json
import re
import signal
import socket
import threading
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from cone_sidecar.clock import SystemClock
from fakes.simulated_stage import START_URL, SimulatedStage
from fakes.subject_token import subject_token

SCENARIO = """\
tenant: acme
users: [{email: ada@example.com}]
accounts: [{id: "100000000001", name: P}]
permission_sets:
  - {account: P, name: Granted, granted_to: [ada@example.com]}
  - {account: P, name: Auto, policy: auto}
  - {account: P, name: Approval, policy: approval}
  - {account: P, name: Never, policy: machine, lags: {policy_step: 1h}}
"""
LIMIT_S = 20
READ_AGAIN = "the configuration was read again"


class Heard:
    """Lines of a log, waited for."""

    def __init__(self):
        self.lines = []
        self._changed = threading.Condition()

    def __call__(self, line):
        with self._changed:
            self.lines.append(line)
            self._changed.notify_all()

    def wait_for(self, text, times=1):
        """Wait until a line holds ``text``, or as many do."""
        with self._changed:
            there = self._changed.wait_for(
                lambda: sum(text in line for line in self.lines) >= times, LIMIT_S
            )
        assert there, f"not {times} times {text!r} in {self.lines}"


class Running:
    """A sidecar with a file of its own, and its log."""

    def __init__(self, stage, text=""):
        self.stage = stage
        self.file = stage.home / "sidecar.yaml"
        self.file.write_text(text)
        self.heard = Heard()
        self.sidecar = stage.start_sidecar("--config", str(self.file), hear=self.heard)
        self.process = stage.children[-1]

    def tell(self, text, *, times=1):
        """Write the file and say so; returns once it was read again."""
        self.file.write_text(text)
        self.hang_up()
        self.heard.wait_for(READ_AGAIN, times)

    def hang_up(self):
        self.process.send_signal(signal.SIGHUP)


@pytest.fixture(name="stage")
def _stage(simulated):
    return simulated.start(SCENARIO, "--auto-confirm")


@pytest.fixture(name="bare")
def _bare():
    """Give a home in which nobody is there to be called."""
    with SimulatedStage() as stage:
        yield stage


def test_what_changes_and_what_does_not(stage):
    """A limit counts at once, a socket is named; credentials stay, and the request that is open goes on."""
    running = Running(stage, "max-wait: 20s\njustification: one\n")
    assert stage.ask_sidecar("p-granted")[0] == 200
    assert stage.ask_sidecar("p-approval")[1]["code"] == "ApprovalPending"
    stage.forget_requests()
    running.tell("max-wait: 1s\njustification: two\nlisten: 127.0.0.1:1\naudit: stdout\n")
    # The flag says where it listens, whatever the file says.
    running.heard.wait_for("needs a restart: --audit")
    assert stage.ask_sidecar("p-granted")[0] == 200
    assert stage.ask_sidecar("p-approval")[1]["code"] == "ApprovalPending"
    operations = {name for name, _ in stage.operations()}
    assert operations.isdisjoint({"GetRoleCredentials", "CreateGrantTask", "CreateToken"})
    # A Go program waits for 30 seconds, if it weren't for the limit.
    began = SystemClock().monotonic()
    assert stage.ask_sidecar("p-never")[1]["code"] == "StillProcessing"
    assert SystemClock().monotonic() - began < 10


def test_a_wrong_file_changes_nothing(stage):
    """All of it is in the log; then a right one counts, without anybody saying so."""
    running = Running(stage, "default-profile: p-granted\n")
    running.file.write_text("max-wiat: 1s\nidle-after: soon\nclient-secret: hunter2\n")
    running.hang_up()
    running.heard.wait_for("the configuration stays as it was", times=3)
    assert "hunter2" not in "".join(running.heard.lines)
    assert stage.ask_sidecar("p-granted")[0] == 200
    assert READ_AGAIN not in "".join(running.heard.lines)
    running.file.write_text("idle-after: 30s\n")
    running.heard.wait_for(READ_AGAIN)
    assert running.process.poll() is None


def test_a_client_secret_that_is_replaced(stage):
    """The wrong one is refused; the right one written over it serves, without a restart."""
    secret = stage.home / "secret"
    right = stage.environment.pop("CONE_CLIENT_SECRET")
    secret.write_text("secret-token:conductorone.com:v1:none\n")
    Running(stage, f"client-secret-file: {secret}\n")
    status, body = stage.ask_sidecar("p-granted")
    assert (status, body["code"]) == (403, "LoginRequired")
    secret.write_text(f"{right}\n")
    assert stage.ask_sidecar_until("p-granted", "")[0] == 200


def test_another_client_is_somebody_else(stage):
    """Credentials of the one before are served no more; the one before finds its access again."""
    secret = stage.home / "secret"
    me, right = (stage.environment.pop(f"CONE_CLIENT_{name}") for name in ("ID", "SECRET"))
    secret.write_text(right)
    mine = f"client-id: {me}\nclient-secret-file: {secret}\n"
    running = Running(stage, mine)
    assert stage.ask_sidecar("p-granted")[0] == 200
    secret.write_text("secret-token:conductorone.com:v1:none\n")
    running.tell(mine.replace(me, f"x{me}"))
    running.heard.wait_for("another client id is used")
    status, body = stage.ask_sidecar("p-granted")
    assert (status, body["code"]) == (403, "LoginRequired")
    secret.write_text(right)
    running.tell(mine, times=2)
    assert stage.ask_sidecar_until("p-granted", "")[0] == 200


def test_a_workload_token_that_is_replaced(stage):
    """One that has ended is refused; what is on disk at the next exchange serves."""
    token = stage.home / "token"
    del stage.environment["CONE_CLIENT_SECRET"]
    token.write_text(subject_token("127.0.0.1", expires_in=-60))
    running = Running(stage, f"oidc-token-file: {token}\n")
    status, body = stage.ask_sidecar("p-granted")
    assert (status, body["code"]) == (403, "LoginRequired")
    assert "trust" in body["message"]
    token.write_text(subject_token("127.0.0.1"))
    assert stage.ask_sidecar_until("p-granted", "")[0] == 200
    assert READ_AGAIN not in "".join(running.heard.lines)


def test_an_authorization_token_that_is_replaced(stage):
    """The token file follows the file that states it; the old token is right for its grace."""
    stated, kept = stage.home / "stated", stage.home / "kept"
    stated.write_text("a" * 40)
    running = Running(stage, f"authorization-token-file: {stated}\ntoken-file: {kept}\n")
    assert kept.read_text() == "a" * 40
    stated.write_text("b" * 40 + "\n")
    running.heard.wait_for("the authorization token was replaced")
    assert kept.read_text() == "b" * 40
    for token in ("a" * 40, "b" * 40):
        request = urllib.request.Request(
            f"{running.sidecar.credentials_url}/credentials/p-granted",
            headers={"Authorization": token},
        )
        with urllib.request.urlopen(request, timeout=LIMIT_S) as answer:
            assert answer.status == 200
    # A volume that was emptied keeps no later token from being put there.
    kept.unlink()
    stated.write_text("c" * 40)
    running.heard.wait_for("the authorization token was replaced", times=2)
    assert kept.read_text() == "c" * 40


def test_who_is_let_in_changes(stage):
    """A network that is named keeps everybody else out from the next request on, and back in."""
    running = Running(stage)
    assert stage.ask_sidecar("p-granted")[0] == 200
    running.tell("allow-client: 192.0.2.0/24\n")
    assert stage.ask_sidecar("p-granted")[1]["code"] == "RequestRefused"
    running.tell("prefetch: [p-auto]\n", times=2)
    assert stage.ask_sidecar("p-granted")[0] == 200
    stage.ask_sidecar_until("p-auto", "")


def test_problems_of_every_kind_keep_it_from_starting(bare):
    """They are told together, each with a fix; the gravest is the exit code."""
    file = bare.home / "sidecar.yaml"
    file.write_text("max-wiat: 1s\nstrict: perhaps\n")
    bare.environment["CONE_IDLE_AFTER"] = "soon"
    bare.environment["CONE_CLIENT_ID_FILE"] = "/none"
    done = bare.cone("serve", "--config", str(file), "--token-grace", "never")
    assert (done.returncode, done.stdout) == (2, "")
    lines = done.stderr.splitlines()
    assert [line.split(" ", 2)[1] for line in lines] == ["error:", "hint:"] * 5
    assert "did you mean max-wait?" in done.stderr


def test_a_missing_file_is_no_usage(bare):
    """Its exit code is that of files."""
    bare.environment["CONE_CLIENT_SECRET_FILE"] = "/none"
    done = bare.cone("serve")
    assert done.returncode == 1
    assert done.stderr.splitlines()[0] == (
        "cone: error: /none (CONE_CLIENT_SECRET_FILE) can't be read: no such file or directory"
    )
    assert bare.cone("whoami").returncode == 1


def test_secrets_in_files_for_every_command(stage):
    """Whoami and a profile's credentials go by them as by variables."""
    for name in ("CONE_CLIENT_ID", "CONE_CLIENT_SECRET"):
        path = stage.home / name
        path.write_text(stage.environment.pop(name) + "\n")
        stage.environment[f"{name}_FILE"] = str(path)
    assert stage.cone("whoami").returncode == 0
    assert stage.cone("aws", "login").returncode == 0
    assert stage.cone("aws", "credentials", "p-granted").returncode == 0


def test_a_mistaken_variable_is_told(bare):
    """One that is nearly ours is a line in the log; Kubernetes' own are none."""
    bare.environment |= {"CONE_PREFECH": "p-granted", "CONE_SERVICE_HOST": "10.0.0.1"}
    bare.environment["CONE_SIDECAR_CONFIG"] = str(bare.home / "sidecar.yaml")
    (bare.home / "sidecar.yaml").write_text("")
    child = bare.spawn(
        ["serve", "--listen", "127.0.0.1:0", "--management-listen", "127.0.0.1:0"],
        stderr=-1,
    )
    lines = []
    for line in child.stderr:
        lines.append(line)
        if "token file:" in line:
            break
    said = "".join(lines)
    assert "nobody reads CONE_PREFECH: did you mean CONE_PREFETCH?" in said
    assert "CONE_SERVICE_HOST" not in said


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM])
def test_signals_in_the_instant_of_start(bare, number):
    """From the moment that it takes signals at all: SIGHUP never ends it, SIGTERM does so in order."""
    child = bare.spawn(
        ["serve", "--listen", "127.0.0.1:0", "--management-listen", "127.0.0.1:0"], stderr=-1
    )
    while not _caught(child.pid) & 1 << (number - 1):
        assert child.poll() is None
    child.send_signal(number)
    if number == signal.SIGTERM:
        assert child.wait(LIMIT_S) == 0
        return
    for line in child.stderr:
        child.send_signal(number)
        if READ_AGAIN in line:
            break
    assert child.poll() is None
    assert bare.end(child) == 0


def _caught(pid):
    """Return the signals that a process has handlers for, as bits."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"SigCgt:\s*(\w+)", status)[1], 16)


def test_it_ends_at_once_whoever_is_connected(stage):
    """Idle connections and half a head keep it from nothing; whoever waits is answered first."""
    running = Running(stage)
    stage.ask_sidecar("p-granted")
    descriptors = []
    host, _, port = running.sidecar.credentials_url.removeprefix("http://").partition(":")

    def connect(head=b""):
        connection = socket.create_connection((host, int(port)), timeout=LIMIT_S)
        descriptors.append(connection)
        connection.sendall(head)
        return connection

    token = Path(running.sidecar.token_file).read_text()
    ask = (
        f"GET /credentials/%s HTTP/1.1\r\nHost: {host}:{port}\r\nAuthorization: {token}\r\n"
        "User-Agent: Go-http-client/1.1\r\nAccept: application/json\r\n\r\n"
    )
    try:
        for _ in range(50):
            assert connect((ask % "p-granted").encode()).recv(12) == b"HTTP/1.1 200"
        connect(b"GET /cred")
        waiting = [connect((ask % "p-never").encode()) for _ in range(3)]
        stage.ask_sidecar_until("p-granted", "")
        ended = threading.Event()
        running.process.send_signal(signal.SIGTERM)
        threading.Thread(target=lambda: (running.process.wait(), ended.set()), daemon=True).start()
        for each in waiting:
            assert each.recv(12) == b"HTTP/1.1 503"
        # 0.2 s on an idle machine; docker stop kills after ten.
        assert ended.wait(3)
        assert running.process.returncode == 0
    finally:
        for each in descriptors:
            each.close()


def test_nothing_is_there_at_the_start():
    """A sidecar that is told nothing is alive, says what to do everywhere, and serves once it was done."""
    with SimulatedStage() as stage:
        stage.url = stage.start_simulator(SCENARIO, "--auto-confirm")
        for name in ("CONE_CLIENT_ID", "CONE_CLIENT_SECRET"):
            del stage.environment[name]
        heard = Heard()
        sidecar = stage.start_sidecar(hear=heard)
        assert stage.cone("healthcheck").returncode == 0
        heard.wait_for("nothing can be served yet: not logged in to ConductorOne")
        heard.wait_for("nothing can be served yet: there are no profiles, and no AWS SSO start URL")
        status = _json(f"{sidecar.management_url}/status")
        assert [each["code"] for each in status["missing"]] == [
            "LoginRequired",
            "InvalidConfiguration",
        ]
        assert _status(f"{sidecar.management_url}/readyz")[0] == 503
        assert "cone login <tenant>" in _status(f"{sidecar.management_url}/readyz")[1]
        body = _ask(sidecar, "p-granted")
        assert body["code"] == "LoginRequired"
        assert body["message"] == (
            "not logged in to ConductorOne; cone login <tenant>, where the sidecar runs"
        )
        assert stage.cone("login", stage.url).returncode == 0
        assert stage.cone("aws", "setup", "--sso-url", START_URL).returncode == 0
        heard.wait_for("nothing is missing any more")
        assert _status(f"{sidecar.management_url}/readyz") == (200, "ok\n")
        assert "missing" not in _json(f"{sidecar.management_url}/status")
        assert stage.ask_sidecar_until("p-granted", "")[0] == 200


def test_a_file_says_who_it_is():
    """A sidecar that was told nothing is told by its file; the sign-in to AWS is then all that is missing."""
    with SimulatedStage() as stage:
        stage.url = stage.start_simulator(SCENARIO)
        secret = stage.home / "secret"
        secret.write_text(stage.environment.pop("CONE_CLIENT_SECRET"))
        client_id = stage.environment.pop("CONE_CLIENT_ID")
        running = Running(stage, f"sso-url: {START_URL}\n")
        assert _ask(running.sidecar, "p-granted")["code"] == "LoginRequired"
        # The file is the sidecar's alone: the command tells what keeps that from serving.
        assert stage.cone("aws", "status").stderr.startswith("cone: error: not logged in")
        running.tell(
            f"client-id: {client_id}\nclient-secret-file: {secret}\nsso-url: {START_URL}\n"
        )
        running.heard.wait_for("nothing is missing any more")
        body = stage.ask_sidecar_until("p-granted", "SignInRequired")[1]
        view = _json(f"{running.sidecar.management_url}/status")["profiles"]["p-granted"]
        assert view["state"] == "sign-in required"
        running.heard.wait_for(view["sign_in_url"])
        assert view["sign_in_url"] in body["message"]
        assert view["user_code"]


def _ask(sidecar, profile):
    token = Path(sidecar.token_file).read_text()
    status, text = _status(
        f"{sidecar.credentials_url}/credentials/{profile}", {"Authorization": token}
    )
    assert status == 403
    return json.loads(text)


def _json(url):
    return json.loads(_status(url)[1])


def _status(url, headers=None):
    """Return status and text, whatever they are."""
    try:
        with urllib.request.urlopen(
            urllib.request.Request(url, headers=headers or {}), timeout=LIMIT_S
        ) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, refused.read().decode()
