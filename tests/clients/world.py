"""A tenant, a sidecar in front of it, and clients that are run against both."""

import contextlib
import json
import secrets
import ssl
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from clients.client import S3
from clients.s3_endpoint import UNSIGNED, GivenOut, s3_endpoint
from cone_cli.stage import FREE_PORT
from cone_sidecar.clock import SystemClock
from cone_sidecar.runtime import find
from fakes.simulated_stage import SimulatedStage

LIMIT_S = 60
TRIES = 300
PAUSE_S = 0.1
ACCOUNT = "100000000001"
GRANTED = "Granted"
GRANTED_PROFILE = "p-granted"
URI = "AWS_CONTAINER_CREDENTIALS_FULL_URI"
TOKEN = "AWS_CONTAINER_AUTHORIZATION_TOKEN"
TOKEN_FILE = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"
SCENARIO = """\
tenant: acme
users: [{email: ada@example.com}, {email: grace@example.com}]
accounts: [{id: "100000000001", name: P}]
permission_sets:
  - {account: P, name: Granted, granted_to: [ada@example.com]}
"""


@dataclass(frozen=True)
class Ended:
    """How a client's run ended.

    Attributes:
        code: Its exit code, None where it had to be ended.
        shown: What its user saw of it, on both streams.
        proved: For how many calls the service saw the right identity.
        unsigned: It asked the service without credentials.
        seconds: How long it took.
    """

    code: int | None
    shown: str
    proved: int
    unsigned: bool
    seconds: float

    def succeeded(self, calls=1):
        """Tell whether all of its calls were made as who it should be."""
        return self.code == 0 and self.proved >= calls

    @property
    def last_line(self):
        """Return the last thing that it said."""
        lines = [line.strip() for line in self.shown.splitlines() if line.strip()]
        return lines[-1] if lines else ""


class World(SimulatedStage):
    """A stage whose sidecar's log is kept."""

    def __init__(self):
        super().__init__()
        self.log = []
        self._trust = None
        self._heard = threading.Condition()
        self.given_out = GivenOut(GRANTED_PROFILE, self._ask, self.state)

    @property
    def state(self):
        """Return where the sidecar and ``cone`` keep what they know."""
        return self.home / ".cache" / "cone-sidecar"

    def open(self, scenario, *options, listen=FREE_PORT, authority=None):
        """Start the simulator and the sidecar; ``authority`` has signed its certificate, if it has one."""
        self.start(scenario, "--auto-confirm")
        self.start_sidecar(*options, listen=listen, hear=self._hear)
        self._trust = ssl.create_default_context(cafile=authority) if authority else None
        return self

    def _hear(self, line):
        with self._heard:
            self.log.append(line)
            self._heard.notify_all()

    def _ask(self, profile):
        """Return the sidecar's answer to who may ask for everything."""
        file = Path(find(self.state).token_file)
        return self._answer(profile, file.read_text() if file.is_file() else "")

    def _answer(self, profile, token):
        """Return the sidecar's answer, whatever it is."""
        request = urllib.request.Request(
            f"{find(self.state).credentials_url}/credentials/{profile}",
            headers={"Authorization": token} if token else {},
        )
        try:
            with urllib.request.urlopen(request, timeout=LIMIT_S, context=self._trust) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as refused:
            with refused:
                return json.load(refused)

    def refusals(self, profile):
        """Return the log's lines about what ``profile``'s clients were refused so far."""
        # Lines come in order: once this one is there, so are those before it.
        mark = f"mark-{len(self.log)}-{SystemClock().monotonic():.6f}"
        self._ask(mark)
        with self._heard:
            assert self._heard.wait_for(lambda: any(mark in line for line in self.log), LIMIT_S)
        return [line for line in self.log if f"refused: /credentials/{profile}:" in line]

    def rotate(self):
        """Replace the token that opens every profile, as an administrator does."""
        file = Path(find(self.state).token_file)
        new = file.with_name("new-token")
        new.touch(mode=0o600)
        new.write_text(secrets.token_urlsafe(32))
        new.replace(file)

    def outlast(self, token):
        """Wait until a token that was replaced is taken no more."""
        for _ in range(TRIES):
            if self._answer(GRANTED_PROFILE, token).get("code") == "Unauthorized":
                return
            time.sleep(PAUSE_S)
        raise AssertionError("the old token is still taken")

    def run(self, client, environment, *, role=GRANTED, calls=1, pause_s=0.0, limit_s=LIMIT_S):
        """Run ``client`` to its end; ``role`` is what its calls have to be made as."""
        with self.begin(client, environment, role=role, calls=calls, pause_s=pause_s) as running:
            return running.ended(limit_s)

    @contextlib.contextmanager
    def begin(self, client, environment, *, role=GRANTED, calls=1, pause_s=0.0):
        """Start ``client``; it is ended with the block."""
        command = [*client.command, *([str(calls), str(pause_s)] if client.repeats else [])]
        with contextlib.ExitStack() as kept:
            endpoint = None
            if client.service == S3:
                given_out = self.given_out
                if role != GRANTED:
                    given_out = GivenOut(f"p-{role}", self._ask, self.state)
                endpoint = kept.enter_context(s3_endpoint(given_out))
                environment = environment | {"AWS_ENDPOINT_URL_S3": endpoint.url}
            output = Path(kept.enter_context(tempfile.TemporaryDirectory())) / "output"
            with output.open("w") as stream:
                child = subprocess.Popen(
                    command,
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=stream,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            running = Running(child, endpoint, output, role)
            try:
                yield running
            finally:
                if child.poll() is None:
                    child.kill()
                    child.wait()


class Running:
    """A client at work."""

    def __init__(self, child, endpoint, output, role):
        self._child = child
        self._role = role
        self._endpoint = endpoint
        self._output = output
        self._began = SystemClock().monotonic()

    @property
    def proved(self):
        """Return for how many calls the service has seen the right identity so far."""
        if self._endpoint:
            return self._endpoint.proved
        return self._output.read_text().count(f":assumed-role/AWSReservedSSO_{self._role}_")

    @property
    def unsigned(self):
        """Tell whether the service was asked without credentials: STS says so to the client."""
        if self._endpoint:
            return self._endpoint.unsigned
        return UNSIGNED in self._output.read_text(errors="replace")

    @property
    def over(self):
        """Tell whether it has ended."""
        return self._child.poll() is not None

    def ended(self, limit_s=LIMIT_S):
        """Wait for its end; one that takes too long is ended."""
        try:
            code = self._child.wait(limit_s)
        except subprocess.TimeoutExpired:
            code = None
        return Ended(
            code=code,
            shown=self._output.read_text(errors="replace"),
            proved=self.proved,
            unsigned=self.unsigned,
            seconds=SystemClock().monotonic() - self._began,
        )
