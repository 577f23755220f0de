"""The official conductorone-sdk, which we didn't write, against the simulated tenant."""

import json
import os
import subprocess
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from cone_sidecar.simulator.exports import client_environment
from cone_sidecar.simulator.server import TlsFiles
from fakes.certificate import write_certificate
from fakes.running_simulator import running_simulator

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venv-conductorone-sdk" / "bin" / "python"
SCRIPT = Path(__file__).parent / "clients" / "conductorone_sdk_client.py"
SCENARIO = """
tenant: acme
users: [{email: ada@example.com}, {email: grace@example.com}]
accounts: [{id: "100000000001", name: Production}]
permission_sets:
  - {account: Production, name: Admin, policy: [machine], max_duration: 2h, alias: production-admin}
  - {account: Production, name: Hidden, requestable: false}
bulk: {accounts: 3, permission_sets: 20}
"""


@pytest.mark.parametrize("encrypted", [False, True])
def test_the_official_sdk_asks_for_access_and_gets_it(tmp_path, encrypted):
    """It lists the catalogue, creates the grant task, reads it by id and number, sees the grant."""
    certificate, key = write_certificate(tmp_path)
    assert PYTHON.exists(), "the SDK is missing: make .venv-conductorone-sdk/.ready"
    scenario = tmp_path / "scenario.yaml"
    scenario.write_text(SCENARIO)
    tls = TlsFiles(certificate, key) if encrypted else None
    with running_simulator(scenario, tls=tls) as (url, simulator):
        environment = os.environ | client_environment(simulator.world, url)
        environment["SSL_CERT_FILE"] = str(certificate)
        done = subprocess.run(
            [PYTHON, SCRIPT, "production-admin"],
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert len(seen["names"]) == 61
    assert seen["names"][:2] == ["Admin Permission Set", "Role001 Permission Set"]
    assert seen["apps"] == {"names": ["AWS"], "emails": ["ada@example.com", "grace@example.com"]}
    (external_id,) = seen["connectors"].values()
    assert external_id.startswith("100000000001|arn:aws:sso:::permissionSet/ssoins-")
    assert seen["duration"] == "7200s"
    assert seen["state"] == "TASK_STATE_OPEN"
    assert seen["duplicate"]["status"] == 409
    assert seen["duplicate"]["body"]["details"] == [
        {"@type": "type.googleapis.com/c1.api.task.v1.TaskRef", "id": seen["id"]}
    ]
    assert seen["states"] == ["TASK_STATE_OPEN", "TASK_STATE_CLOSED", "TASK_STATE_CLOSED"]
    assert seen["outcome"] == "GRANT_OUTCOME_GRANTED"
    assert seen["granted"]
    assert seen["grants"] == ["Admin Permission Set"]
    left = datetime.fromisoformat(seen["ends"]) - simulator.world.clock.now()
    assert timedelta(minutes=115) < left <= timedelta(hours=2)
