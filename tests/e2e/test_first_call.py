"""Programs that know nothing of us get credentials from their first call, while machines decide."""

import shutil

import pytest

from fakes.bucket_list import BUCKET, bucket_list
from fakes.real_clients import CASES, CLIENTS, ROOT

# Decided after 1.5 s, and known to AWS a second later.
SLOW = "policy: machine, lags: {policy_step: 1500ms, propagation: 1s}"
SCENARIO = f"""\
tenant: acme
users: [{{email: ada@example.com}}]
accounts: [{{id: "100000000001", name: Production}}]
permission_sets:
  - {{account: Production, name: Boto3, {SLOW}}}
  - {{account: Production, name: Cli1, {SLOW}}}
  - {{account: Production, name: Js3, {SLOW}}}
  - {{account: Production, name: Rclone, {SLOW}}}
"""
# The wheel's, since Debian's rclone is of Go's SDK v1.
RCLONE = ROOT / ".venv-rclone" / "bin" / "rclone"


@pytest.fixture(name="stage", scope="module")
def _stage(simulated_once):
    """Give a sidecar with a session at AWS, and without any grant."""
    simulated_once.start(SCENARIO, "--auto-confirm")
    assert simulated_once.cone("aws", "login").returncode == 0
    simulated_once.start_sidecar()
    return simulated_once


@pytest.mark.parametrize("client", CASES)
def test_the_first_call_has_the_role(stage, client):
    """A request that takes 1.5 s and a second of AWS's costs the caller nothing but that time."""
    command = CLIENTS[client]
    assert shutil.which(command[0]), f"{command[0]} is missing: make .venv/.clients"
    stage.forget_requests()
    arn = stage.call(command, stage.sidecar_environment(f"production-{client}"))
    assert f":assumed-role/AWSReservedSSO_{client.capitalize()}_" in arn
    assert_asked_once(stage)


def test_the_first_call_of_a_go_program_has_the_role(stage):
    """So it is with rclone, which lists a bucket: its signature is of the role's credentials."""
    assert RCLONE.exists(), f"{RCLONE} is missing: make .venv/.clients"
    stage.forget_requests()
    with bucket_list() as s3:
        remote = f":s3,provider=Other,env_auth,region=us-east-1,endpoint='{s3.url}':"
        environment = stage.sidecar_environment("production-rclone")
        done = stage.attempt([str(RCLONE), "lsd", remote], environment)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[-1] == BUCKET
    assert "ERROR" not in done.stderr
    assert_asked_once(stage)
    status, credentials = stage.ask_sidecar("production-rclone")
    assert status == 200
    s3.proves(credentials)


def assert_asked_once(stage):
    """Hold upstream to one request and one answer of AWS, however often the client came."""
    assert stage.statuses("TaskService.CreateGrantTask") == [200]
    assert stage.statuses("GetRoleCredentials").count(200) == 1
