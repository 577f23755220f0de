"""A sidecar as a process, asked byte for byte as each AWS SDK asks."""

import http.client
import json
import threading
import urllib.parse
from dataclasses import dataclass
from pathlib import Path

LIMIT_S = 60
TRIES = 100
SCENARIO = """\
tenant: acme
users: [{email: ada@example.com}]
accounts: [{id: "100000000001", name: P}, {id: "100000000002", name: Q}]
permission_sets:
  - {account: P, name: Granted, granted_to: [ada@example.com]}
  - {account: Q, name: Granted, granted_to: [ada@example.com]}
  - {account: P, name: Odd+Role, granted_to: [ada@example.com]}
  - {account: P, name: Auto, policy: auto}
  - {account: P, name: Herd, policy: auto, lags: {provisioning: 500ms}}
  - {account: P, name: Soon-go, policy: machine, lags: {policy_step: 2s}}
  - {account: P, name: Soon-crt, policy: machine, lags: {policy_step: 2s}}
  - {account: P, name: Soon-rust, policy: machine, lags: {policy_step: 2s}}
  - {account: P, name: Never, policy: machine, lags: {policy_step: 1h}}
  - {account: P, name: Approval, policy: approval}
  - {account: P, name: Trigger, policy: approval}
  - {account: P, name: Deny, policy: deny}
  - {account: P, name: Form, policy: form}
  - {account: P, name: Cold, granted_to: [ada@example.com]}
"""
P, Q = "100000000001", "100000000002"
GOOD, OTHER = "p-granted", "q-granted"
# As they arrive, but for Host and Authorization (sdk-contract §1.5).
BOTO3 = {
    "Accept-Encoding": "identity",
    "Accept": "application/json",
    "User-Agent": "python-urllib3/2.5.0",
}
GO = {
    "User-Agent": "Go-http-client/1.1",
    "Accept": "application/json",
    "Amz-Sdk-Request": "attempt=1; max=3",
    "Accept-Encoding": "gzip",
}
RUST = {"accept": "application/json"}
JAVASCRIPT = {"Connection": "keep-alive"}
CRT = {
    "User-Agent": "aws-sdk-crt/ecs-credentials-provider",
    "Accept": "application/json",
    "Accept-Encoding": "identity",
}


@dataclass(frozen=True)
class Answered:
    """An answer, its header names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self):
        """Return the body."""
        return json.loads(self.body)

    @property
    def code(self):
        """Return the error's code, empty where there is none."""
        return self.json().get("code", "")


class AskedEndpoint:
    """A stage on which a sidecar runs, and what its log says."""

    def __init__(self, stage, *options, **start):
        self.stage = stage
        self._lines = []
        self._heard = threading.Condition()
        self.sidecar = stage.start_sidecar(*options, hear=self._hear, **start)
        parts = urllib.parse.urlsplit(self.sidecar.credentials_url)
        self.address = (parts.hostname, parts.port or 80)
        self.host = parts.netloc

    @property
    def token(self):
        """Return what the token file holds now."""
        return Path(self.sidecar.token_file).read_text()

    def connect(self, source="127.0.0.1"):
        """Return a connection to be opened, from an address of the caller's choice."""
        return http.client.HTTPConnection(
            *self.address, timeout=LIMIT_S, source_address=(source, 0)
        )

    def get(self, path, headers=(), *, method="GET", host=None, token=None, connection=None):
        """Ask with these headers and no other; ``token`` and ``host`` are the right ones unless given."""
        asking = connection or self.connect()
        sent = {"Host": self.host if host is None else host}
        if token != "":
            sent["Authorization"] = self.token if token is None else token
        sent |= dict(headers)
        try:
            asking.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in sent.items():
                asking.putheader(name, value)
            asking.endheaders()
            answer = asking.getresponse()
            names = {name.lower(): value for name, value in answer.getheaders()}
            return Answered(answer.status, names, answer.read())
        finally:
            if connection is None:
                asking.close()

    def ask(self, profile=GOOD, headers=(), **how):
        """Ask for a profile."""
        return self.get(f"/credentials/{profile}", headers, **how)

    def served(self, profile=GOOD):
        """Wait, as a Go program does, until the profile is served; returns the answer."""
        answer = self.ask(profile, GO)
        assert answer.status == 200, answer
        return answer

    def environment(self, profile=GOOD):
        """Return what ``cone aws env`` has set."""
        return self.stage.sidecar_environment(profile)

    def line(self, *words):
        """Wait for a line of the log that has all of the words, and return it."""

        def found():
            return next((each for each in self._lines if all(w in each for w in words)), None)

        with self._heard:
            assert self._heard.wait_for(found, timeout=LIMIT_S), f"no line with {words}"
            return found()

    @property
    def log(self):
        """Return what the log has said until now."""
        with self._heard:
            return list(self._lines)

    def _hear(self, line):
        with self._heard:
            self._lines.append(line)
            self._heard.notify_all()


def eventually(check):
    """Try until it holds: files are looked at once a second."""
    pause = threading.Event()
    for _ in range(TRIES):
        if check():
            return True
        pause.wait(0.1)
    return False
