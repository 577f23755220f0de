"""AWS clients that know nothing but instance metadata get the profile's identity from the sidecar."""

import json
import os
import shutil
import socket
import sys
import urllib.error
import urllib.request

import pytest

from fakes.real_clients import CASES, CLIENTS, JAVASCRIPT, needs_node

SCENARIO = """\
tenant: acme
users: [{email: ada@example.com}]
accounts: [{id: "100000000001", name: Production}]
permission_sets:
  - {account: Production, name: Granted, granted_to: [ada@example.com]}
  - {account: Production, name: Manual, policy: approval}
"""
LIFE = {"X-aws-ec2-metadata-token-ttl-seconds": "60"}
LIMIT_S = 20
BOTO3 = "import boto3, sys; sys.exit(boto3.Session().get_credentials() is None)"
# For credentials alone: whoever calls a service as well may ask for them again.
ASKING_ONCE = [
    pytest.param([sys.executable, "-c", BOTO3], id="boto3"),
    pytest.param(["node", str(JAVASCRIPT / "instance_metadata.mjs")], id="js3", marks=needs_node),
]


class Metadata:
    """A sidecar that speaks IMDSv2 for one profile, and its audit."""

    def __init__(self, stage, profile):
        self.stage = stage
        self.audit = stage.home / f"{profile}.audit"
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.address = f"127.0.0.1:{free.getsockname()[1]}"
        stage.start_sidecar(
            *("--imds-listen", self.address, "--imds-profile", profile, "--audit", str(self.audit))
        )

    @property
    def environment(self):
        """What points a client here, and nowhere else."""
        return self.stage.environment | {
            "AWS_EC2_METADATA_SERVICE_ENDPOINT": f"http://{self.address}",
            "AWS_EC2_METADATA_V1_DISABLED": "true",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }

    def ask(self, method, path, headers):
        request = urllib.request.Request(
            f"http://{self.address}{path}", method=method, headers=headers
        )
        try:
            with urllib.request.urlopen(request, timeout=LIMIT_S) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, refused.read().decode()

    def outcomes(self):
        """Return what was answered so far; the sidecar has ended, and its audit is whole."""
        self.stage.end(self.stage.children[-1])
        lines = self.audit.read_text().splitlines()
        return [(entry["outcome"], entry["status"]) for entry in map(json.loads, lines)]


@pytest.fixture(name="granted", scope="module")
def _granted(simulated_once):
    simulated_once.start(SCENARIO, "--auto-confirm")
    return Metadata(simulated_once, "production-granted")


@pytest.mark.parametrize("client", CASES)
def test_clients_find_the_role(granted, client):
    """The default chain of each client ends at instance metadata, and has the profile's identity."""
    command = CLIENTS[client]
    assert shutil.which(command[0]), f"{command[0]} is missing: make .venv/.clients"
    arn = granted.stage.call(command, granted.environment)
    assert arn.startswith("arn:aws:sts::100000000001:assumed-role/AWSReservedSSO_Granted_")


def test_version_1_gets_nothing(granted):
    """Without a token there is nothing, with one there is; a forwarded request gets none."""
    path = "/latest/meta-data/iam/security-credentials/"
    assert granted.ask("GET", path, {})[0] == 401
    status, token = granted.ask("PUT", "/latest/api/token", LIFE)
    assert status == 200
    answered = granted.ask("GET", path, {"X-aws-ec2-metadata-token": token})
    assert answered == (200, "production-granted")
    forwarded = LIFE | {"X-Forwarded-For": "192.0.2.7"}
    assert granted.ask("PUT", "/latest/api/token", forwarded)[0] == 403


@pytest.mark.parametrize("command", ASKING_ONCE)
def test_clients_stop_at_a_refusal(simulated, command):
    """Approval is pending: each client asks for credentials once, and then no more."""
    simulated.start(SCENARIO, "--auto-confirm")
    pending = Metadata(simulated, "production-manual")
    done = simulated.attempt(command, pending.environment)
    assert done.returncode == 1, done.stderr
    assert pending.outcomes() == [
        ("TokenIssued", 200),
        ("Metadata", 200),
        ("ApprovalPending", 403),
    ]
