"""A tenant over three of AWS's partitions: all of it set up, and used by a real SDK."""

import sys

import pytest

from fakes.real_clients import BOTO3
from fakes.simulated_stage import START_URL

SCENARIO = """\
tenant: acme
users: [{email: ada@example.com}]
accounts:
  - {id: "000000000012", name: Production}
  - {id: "100000000002", name: Gov, partition: aws-us-gov}
  - {id: "100000000003", name: Europe, partition: aws-eusc}
permission_sets:
  - {account: Production, name: Admin, policy: auto}
  - {account: Gov, name: Admin, policy: auto}
  - account: Europe
    name: Admin
    policy: auto
    # A second connector knows it by an account of its own, and a third by no permission set at all.
    other_connectors:
      - 100000000009|arn:aws-eusc:sso:::permissionSet/ssoins-0123456789abcdef/ps-0123456789abcdef
      - somebody-else-s-id
"""
ARNS = {
    "production-admin": "arn:aws:sts::000000000012:assumed-role/AWSReservedSSO_Admin_",
    "gov-admin": "arn:aws-us-gov:sts::100000000002:assumed-role/AWSReservedSSO_Admin_",
    "europe-admin": "arn:aws-eusc:sts::100000000003:assumed-role/AWSReservedSSO_Admin_",
}


@pytest.fixture(name="stage", scope="module")
def _stage(simulated_once):
    stage = simulated_once
    stage.start_simulator(SCENARIO, "--auto-confirm")
    done = stage.cone("aws", "setup", "--sso-url", START_URL)
    assert done.returncode == 0, done.stderr
    stage.set_up = done.stdout
    assert stage.cone("aws", "login").returncode == 0
    return stage


def test_each_partition_s_permission_sets_are_found(stage):
    """The original knows those of one partition (reference §8, 15), and takes any connector's account."""
    assert stage.cone("aws", "list", "--names").stdout.split() == list(ARNS)
    assert "Done: 3 profiles created" in stage.set_up


@pytest.mark.parametrize("profile", ARNS)
def test_each_is_used(stage, profile):
    """Boto3 calls our credential_process, and is the role in its partition's account, zeros and all."""
    environment = stage.environment | {"AWS_PROFILE": profile}
    done = stage.attempt([sys.executable, "-c", BOTO3], environment)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(ARNS[profile])
