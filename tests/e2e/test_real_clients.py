"""AWS clients that know nothing of us get the identity that a grant allows."""

import shutil

import pytest

from fakes.real_clients import CASES, CLIENTS

SCENARIO = """\
tenant: acme
users: [{email: ada@example.com}]
accounts: [{id: "100000000001", name: Production}]
permission_sets:
  - {account: Production, name: Boto3, policy: auto}
  - {account: Production, name: Cli1, policy: auto}
  - {account: Production, name: Js3, policy: auto}
  - {account: Production, name: Granted, granted_to: [ada@example.com]}
"""


@pytest.fixture(name="stage", scope="module")
def _stage(simulated_once):
    simulated_once.start(SCENARIO, "--auto-confirm")
    simulated_once.start_sidecar()
    return simulated_once


def identity(stage, client, environment):
    command = CLIENTS[client]
    assert shutil.which(command[0]), f"{command[0]} is missing: make .venv/.clients"
    return stage.call(command, environment)


@pytest.mark.parametrize("client", CASES)
def test_through_the_sidecar_without_a_grant(stage, client):
    """The client's first call asks for access, and has it."""
    arn = identity(stage, client, stage.sidecar_environment(f"production-{client}"))
    assert arn.startswith("arn:aws:sts::100000000001:assumed-role/AWSReservedSSO_")
    assert f"AWSReservedSSO_{client.capitalize()}_" in arn
    assert arn.endswith("/ada@example.com")


@pytest.mark.parametrize("client", CASES)
def test_through_the_sidecar_with_a_grant(stage, client):
    """A grant that is there is used."""
    arn = identity(stage, client, stage.sidecar_environment("production-granted"))
    assert "AWSReservedSSO_Granted_" in arn


@pytest.mark.parametrize("client", CASES)
@pytest.mark.parametrize("granted", [True, False])
def test_through_credential_process(stage, client, granted):
    """The profile that setup wrote works as it is."""
    profile = "production-granted" if granted else f"production-{client}"
    arn = identity(stage, client, stage.environment | {"AWS_PROFILE": profile})
    assert f"AWSReservedSSO_{'Granted' if granted else client.capitalize()}_" in arn


def test_each_request_was_made_once(stage):
    """Three clients, both ways in, cost one request for each profile that had no grant."""
    names = [name for name, _ in stage.operations()]
    assert names.count("TaskService.CreateGrantTask") == len(CLIENTS) - (
        shutil.which("node") is None
    )
