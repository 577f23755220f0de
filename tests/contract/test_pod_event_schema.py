"""The Events that we write, and the pod that they need, held to the schemas of Kubernetes."""

import json
import os
import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from cone_sidecar.kubernetes.event_object import new_event, told_again
from cone_sidecar.kubernetes.notice import Notice
from cone_sidecar.kubernetes.own_pod import FIELDS, Pod
from cone_sidecar.kubernetes.service_account import DIRECTORY

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venv-charts" / "bin" / "python"
SCRIPT = Path(__file__).parent / "clients" / "event_schema.py"
YAML = re.MULTILINE | re.DOTALL
POD = Pod("shop-1", "shops", "6f1c0f6e-0000-4000-8000-000000000001")

pytestmark = pytest.mark.skipif(
    not PYTHON.exists(), reason="Events are not tested: make .venv-charts/.ready was not run"
)


def refused(documents):
    """Return what the schemas refuse of each document."""
    done = subprocess.run(
        [PYTHON, SCRIPT],
        input=json.dumps(documents),
        env=os.environ | {"PYTHONWARNINGS": "ignore"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_each_version_of_kubernetes_knows_every_field(clock):
    """Warnings, all else, and changed ones are taken strictly; a field that is unknown would not be."""
    notice = Notice(
        subject="p",
        task="1",
        reason="ApprovalPending",
        message="approve it",
        warning=True,
        profile="p",
        at=clock.now(),
    )
    event = new_event(POD, notice)
    events = [
        event,
        new_event(POD, replace(notice, warning=False)),
        event | told_again(notice, clock.now(), 2),
        event | {"reportingController": "x"},
        event | {"count": "1"},
    ]
    *good, unknown, wrong = refused(events)
    assert good == [[], [], []]
    assert len(unknown) == len(wrong) == 3


def test_the_page_shows_a_pod_that_may():
    """docs/configuration.md's role, binding and pod are valid, and give what is needed and no more."""
    page = (ROOT / "docs" / "configuration.md").read_text()
    blocks = re.findall(r"^```yaml\n(.*?)^```$", page.partition("\n### Pod events\n")[2], YAML)
    documents = [each for block in blocks for each in yaml.safe_load_all(block)]
    role, binding, pod = documents
    assert refused(documents) == [[], [], []]
    (rule,) = role["rules"]
    assert rule == {"apiGroups": [""], "resources": ["events"], "verbs": ["create", "patch"]}
    assert binding["roleRef"]["name"] == role["metadata"]["name"]
    assert binding["subjects"][0]["name"] == pod["spec"]["serviceAccountName"]
    (sidecar,), (app,) = pod["spec"]["initContainers"], pod["spec"]["containers"]
    told = {each["name"]: each.get("valueFrom") for each in sidecar["env"]}
    assert told.pop("CONE_POD_EVENTS") is None
    assert {name: each["fieldRef"]["fieldPath"] for name, each in told.items()} == FIELDS
    assert sidecar["volumeMounts"][0]["mountPath"] == DIRECTORY
    # The app has no token of the API server.
    assert pod["spec"]["automountServiceAccountToken"] is False
    assert "volumeMounts" not in app
