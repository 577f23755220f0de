"""A rendered pod, run for real: podman has what a pod is made of, but no cluster around it.

It knows no init container that goes on running, no fsGroup and no probe: the sidecar is a classic container
there, of the app's user, and the app waits for it.
"""

import re
import shutil
import tempfile
from pathlib import Path

import pytest
import yaml

from fakes.chart_rendering import ROOT, by_name, needs_helm, rendered, values_of
from fakes.pod_engine import PodEngine

SIMULATOR = "http://127.0.0.1:9920"
SCENARIO = ROOT / "examples" / "compose" / "demo" / "acme.yaml"
# An app's own code, and the patience that a classic sidecar asks of it.
APP = """\
import os, pathlib, signal, time
import boto3

token = pathlib.Path(os.environ["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"])
for _ in range(100):
    if token.exists():
        break
    time.sleep(0.2)
time.sleep(1)
print(boto3.client("sts").get_caller_identity()["Arn"])
signal.pause()
"""
IDENTITY = r"arn:aws:sts::100000000001:assumed-role/AWSReservedSSO_Admin_\w{16}/ada@example\.com"
PLAY_LIMIT_S = 60

pytestmark = [pytest.mark.container, needs_helm]


@pytest.fixture(name="podman")
def _podman():
    """Give podman; what it made is removed."""
    if not shutil.which("podman"):
        pytest.skip("NOT RUN: there is no podman here")
    # pytest's own directories have names that are too long for it.
    with tempfile.TemporaryDirectory(prefix="cone-pod-", ignore_cleanup_errors=True) as directory:
        podman = PodEngine(Path(directory))
        yield podman
        podman.remove_all()


@pytest.fixture(name="loaded")
def _loaded(podman, image):
    """Give podman the sidecar's image; the app runs in it too, for a real boto3 is in there."""
    podman.load(image)
    return image


def client():
    """Return the client that the scenario knows."""
    user = yaml.safe_load(SCENARIO.read_text())["users"][0]
    return {"client-id": user["client_id"], "client-secret": user["client_secret"]}


def manifest(image):
    """Render the chart's Deployment, and put the outside world into its pod."""
    repository, _, tag = image.partition(":")
    values = values_of("defaults")
    values["app"] |= {
        "image": f"localhost/{image}",
        "imagePullPolicy": "Never",
        "command": ["/opt/venv/bin/python", "-u", "-c", APP],
        "env": [{"name": "AWS_ENDPOINT_URL_STS", "value": SIMULATOR}],
    }
    values["cone"] |= {
        "native": False,
        "image": {"repository": f"localhost/{repository}", "tag": tag, "pullPolicy": "Never"},
        "env": [
            {"name": name, "value": SIMULATOR}
            for name in ("AWS_ENDPOINT_URL_SSO", "AWS_ENDPOINT_URL_SSO_OIDC")
        ],
    }
    values["cone"]["conductorone"]["apiEndpoint"] = SIMULATOR
    deployment = yaml.safe_load(rendered(values, "1.28")["files"]["app/deployment.yaml"])
    spec = deployment["spec"]["template"]["spec"]
    # Podman 4.3 leaves volumes of Secrets empty; those of ConfigMaps are files as well.
    volume = by_name(spec["volumes"])["cone-client"]
    secret = volume.pop("secret")
    volume["configMap"] = {"name": secret["secretName"], "items": secret["items"]}
    simulator = {
        "name": "simulator",
        "image": f"localhost/{image}",
        "imagePullPolicy": "Never",
        "args": ["simulator", "--scenario", "/scenario/scenario.yaml", "--auto-confirm"],
        "volumeMounts": [{"name": "scenario", "mountPath": "/scenario", "readOnly": True}],
    }
    spec["containers"].insert(0, simulator)
    spec["volumes"].append({"name": "scenario", "configMap": {"name": "scenario"}})
    scenario = config_map("scenario", {"scenario.yaml": SCENARIO.read_text()})
    return [scenario, config_map(secret["secretName"], client()), deployment]


def helm_test():
    """Return the command that helm test runs."""
    files = rendered(values_of("defaults"), "1.29")["files"]
    test = yaml.safe_load(files["tests/profile-is-known.yaml"])["spec"]
    return test["containers"][0]["command"]


def config_map(name, data):
    """Return a ConfigMap."""
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def test_an_app_in_the_sidecar_s_pod_gets_its_identity(podman, loaded, tmp_path):
    """A real boto3 that knows a URL and a file is who STS says; its pod has no network but its own."""
    path = tmp_path / "pod.yaml"
    path.write_text(yaml.safe_dump_all(manifest(loaded)))
    podman("kube", "play", "--network", "none", str(path))
    names = podman("ps", "--all", "--format", "{{.Names}}").stdout.split()
    app, sidecar = (
        next(name for name in names if name.endswith(f"-{end}")) for end in ("app", "cone")
    )
    said = podman.first_line(app, limit_s=PLAY_LIMIT_S)
    told = podman("logs", sidecar)
    assert re.fullmatch(IDENTITY, said), podman("logs", app).stderr + told.stderr
    assert "no active grant" in told.stderr
    assert client()["client-secret"] not in told.stderr + told.stdout
    # What helm test asks is answered too: the profile is known, another one isn't.
    known = helm_test()
    assert podman("exec", sidecar, *known).returncode == 0
    unknown = [part.replace("production-admin", "production-admins") for part in known]
    assert podman("exec", sidecar, *unknown, ok=False).returncode == 1
