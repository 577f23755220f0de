"""A sidecar that is attacked: a process, what it says, whom it serves, and what it must never say."""

import contextlib
import itertools
import re
import ssl
import subprocess
import threading
import urllib.parse
from pathlib import Path

from cone_cli.stage import cone_command
from cone_sidecar.authorization_token import profile_token
from cone_sidecar.secret import Secret
from cone_sidecar.simulator.exports import client_environment
from fakes.certificate import write_certificate
from fakes.issued_secrets import IssuedSecrets
from fakes.raw_client import RawConnection
from fakes.running_simulator import running_simulator
from fakes.simulated_stage import START_URL, SimulatedStage

SCENARIO = """\
tenant: acme
users: [{email: ada@example.com}]
accounts: [{id: "100000000001", name: P}, {id: "100000000002", name: Q}]
permission_sets:
  - {account: P, name: Granted, granted_to: [ada@example.com]}
  - {account: Q, name: Granted, granted_to: [ada@example.com]}
  - {account: P, name: Auto, policy: auto}
  - {account: P, name: Slow, policy: machine, lags: {policy_step: 1h}}
"""
GOOD, OTHER = "p-granted", "q-granted"
ACCOUNTS = {GOOD: "100000000001", OTHER: "100000000002"}
# Its story begins with a request, if anybody asks for it.
UNTOUCHED = "p-auto"
# Who asks for it waits.
SLOW = "p-slow"
SERVED_KEYS = {"AccessKeyId", "SecretAccessKey", "Token", "Expiration", "AccountId"}
REFUSAL_KEYS = {"code", "message", "Code", "Message"}
REFUSAL_HEADERS = {
    "content-type",
    "cache-control",
    "x-content-type-options",
    "content-length",
    "connection",
    "allow",
    "www-authenticate",
}
NEVER_MET = 100
TRIES = 400


class AttackedSidecar:
    """Everything that a test needs to attack a running sidecar, and to see what came of it."""

    def __init__(self, stage, secrets, options, tls=None):
        self.stage = stage
        self.secrets = secrets
        self.tls = tls
        self.lines = []
        self._heard = threading.Condition()
        self._markers = itertools.count(1)
        self._strangers = itertools.count(1)
        self.audit_file = stage.home / "audit.jsonl"
        self.sidecar = stage.start_sidecar(
            "--audit", str(self.audit_file), *options, hear=self._hear
        )
        self.address = address_of(self.sidecar.credentials_url)
        self.management = address_of(self.sidecar.management_url)
        self.host = f"{self.address[0]}:{self.address[1]}"
        self.token = Path(self.sidecar.token_file).read_text()
        state = Path(self.sidecar.token_file).parent
        self.management_secret = (state / "management-token").read_text()
        secrets.add("authorization token", self.token)
        secrets.add("management secret", self.management_secret)
        for profile in (GOOD, OTHER, UNTOUCHED):
            secrets.add("profile token", self.token_of(profile))
        self.key_ids = {
            profile: self.gets(self.request(profile))["AccessKeyId"] for profile in (GOOD, OTHER)
        }

    @property
    def process_id(self):
        """Return the sidecar's process id."""
        return self.sidecar.pid

    def token_of(self, profile):
        """Return the token that opens one profile alone."""
        return profile_token(Secret(self.token), profile).reveal()

    def stranger(self):
        """Return a loopback address that nobody called from yet, so that no one's past slows a test."""
        number = next(self._strangers) + NEVER_MET
        return f"127.{1 + number // 62500}.{number // 250 % 250}.{1 + number % 250}"

    def connect(self, **options):
        """Open a connection to the credentials listener."""
        return RawConnection(self.address, source=self.stranger(), tls=self.tls, **options)

    def request(self, profile=GOOD, **changes):
        """Return a good request, but for ``changes``: method, target, version, host, token, more."""
        what = {
            "method": "GET",
            "target": f"/credentials/{profile}",
            "version": "HTTP/1.1",
            "host": self.host,
            "token": self.token,
            "more": "",
        } | changes
        return (
            ("{method} {target} {version}\r\nHost: {host}\r\nAuthorization: {token}\r\n{more}\r\n")
            .format_map(what)
            .encode("latin-1")
        )

    def ask(self, data, address=None):
        """Send ``data`` on a connection of its own; returns all answers."""
        with (
            RawConnection(address, source=self.stranger()) if address else self.connect()
        ) as connection:
            connection.send(data)
            first = connection.answer()
            if first is None:
                return []
            connection.end_sending()
            return [first, *connection.answers()]

    def refused(self, data, address=None):
        """Send ``data`` and return the one answer to it, which is a refusal that tells nothing."""
        answers = self.ask(data, address)
        assert len(answers) == 1, answers
        self.holds_nothing(answers[0])
        return answers[0]

    def holds_nothing(self, answer):
        """Assert that an answer is a refusal in our words, and that it gives nothing away."""
        assert 400 <= answer.status < 500, answer
        assert set(answer.names) <= REFUSAL_HEADERS, answer
        assert answer.header("cache-control") == "no-store"
        if answer.body:
            assert answer.header("content-type") == "application/json", answer
            assert set(answer.json()) == REFUSAL_KEYS, answer
        text = answer.body.decode() + repr(answer.headers)
        assert self.secrets.within(text) == [], answer

    def serves(self, profile=GOOD):
        """Assert that a good client is served, with what belongs to its profile."""
        (answer,) = self.ask(self.request(profile))
        self.is_served(answer, profile)

    def is_served(self, answer, profile=GOOD):
        """Assert that an answer holds the profile's credentials."""
        assert answer is not None, "closed"
        assert answer.status == 200, answer
        body = answer.json()
        assert set(body) == SERVED_KEYS
        assert body["AccountId"] == ACCOUNTS[profile]
        assert body["AccessKeyId"] == self.key_ids[profile]

    def add_profiles(self, names):
        """Write more profiles, all of them with the access of the good one."""
        config = self.stage.home / ".aws" / "config"
        section = re.compile(rf"\[profile {GOOD}\]\n(?:.+\n)+").search(config.read_text())[0]
        more = [section.replace(f"profile {GOOD}", f'profile "{name}"') for name in names]
        config.write_text("\n".join([config.read_text(), *more]))
        for name in names:
            self.secrets.add("profile token", self.token_of(name))

    def gets(self, data):
        """Return the credentials that a request gets at last: its profile is new to the sidecar."""
        for _ in range(TRIES):
            (answer,) = self.ask(data)
            if answer.status == 200:
                return answer.json()
            assert answer.status == 503, answer
        raise AssertionError(f"never served: {answer}")

    def said(self):
        """Return what the log says, everything up to now."""
        marker = f"/marker-{next(self._markers)}"
        self.ask(self.request(target=marker))
        with self._heard:
            assert self._heard.wait_for(
                lambda: any(marker in line for line in self.lines), timeout=10
            ), "the log stays silent"
            return [line for line in self.lines if "/marker-" not in line]

    def audited(self):
        """Return the audit's lines, everything up to now."""
        marker = f"marker/{next(self._markers)}"
        self.ask(self.request(more=f"User-Agent: {marker}\r\n"))
        pause = threading.Event()
        for _ in range(TRIES):
            text = self.audit_file.read_bytes() if self.audit_file.exists() else b""
            if marker.encode() in text:
                return [line for line in text.split(b"\n") if line and b'"marker/' not in line]
            pause.wait(0.025)
        raise AssertionError("the audit stays silent")

    def resident_kib(self):
        """Return how much memory the sidecar holds."""
        status = Path(f"/proc/{self.process_id}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0])

    def _hear(self, line):
        with self._heard:
            self.lines.append(line)
            self._heard.notify_all()


class NarrowStage(SimulatedStage):
    """A stage whose processes may open few files."""

    def __init__(self, descriptors):
        super().__init__()
        self._descriptors = descriptors

    def spawn(self, arguments, *, stdout=None, stderr=None):
        """Start ``cone`` with ``arguments``."""
        narrow = ["sh", "-c", f'ulimit -n {self._descriptors}; exec "$@"', "sh"]
        child = subprocess.Popen(
            [*narrow, *cone_command(), *arguments],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            text=True,
            stdout=stdout,
            stderr=stderr,
        )
        self._children.append(child)
        return child


@contextlib.contextmanager
def attacked_sidecar(directory, *, descriptors=0, tls=False):
    """Run a sidecar on a simulator whose every secret is known."""
    options, context = (), None
    if tls:
        certificate, key = write_certificate(directory)
        options = ("--tls-cert", str(certificate), "--tls-key", str(key))
        context = ssl.create_default_context(cafile=str(certificate))
    scenario = directory / "scenario.yaml"
    scenario.write_text(SCENARIO)
    secrets = IssuedSecrets()
    with (
        running_simulator(scenario, auto_confirm=True, around=secrets.around) as (url, simulator),
        NarrowStage(descriptors) if descriptors else SimulatedStage() as stage,
    ):
        stage.url = url
        stage.environment |= client_environment(simulator.world, url)
        done = stage.cone("aws", "setup", "--sso-url", START_URL)
        assert done.returncode == 0, done.stderr
        yield AttackedSidecar(stage, secrets, options, context)


def address_of(url):
    """Return host and port."""
    parts = urllib.parse.urlsplit(url)
    return parts.hostname, parts.port
