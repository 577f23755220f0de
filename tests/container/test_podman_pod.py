"""A rendered pod, run for real: podman has what a pod is made of, but no cluster around it.

It knows no init container that goes on running, no fsGroup and no probe, so the sidecar is a classic container
there, of the app's user, and the app waits for it.
"""

import base64
import re
import shutil

import pytest
import yaml

from fakes.chart_rendering import ROOT, needs_helm, rendered, values_of
from pod_engine import PodEngine

APP_IMAGE = "cone-sidecar-app:test"
SIMULATOR = "http://127.0.0.1:9920"
SCENARIO = ROOT / "examples" / "compose" / "shared-network" / "scenario.yaml"
# An app's own code, and the patience that a classic sidecar asks of it.
APP = """\
import os, pathlib, time
import boto3

token = pathlib.Path(os.environ["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"])
for _ in range(100):
    if token.exists():
        break
    time.sleep(0.2)
time.sleep(1)
print(boto3.client("sts").get_caller_identity()["Arn"])
"""
IDENTITY = r"arn:aws:sts::100000000001:assumed-role/AWSReservedSSO_Admin_\w{16}/ada@example\.com"
PLAY_LIMIT_S = 60

pytestmark = [pytest.mark.container, needs_helm]


@pytest.fixture(name="podman")
def _podman(tmp_path):
    """Give podman; what it made is removed."""
    if not shutil.which("podman"):
        pytest.skip("NOT RUN: there is no podman here")
    podman = PodEngine(tmp_path)
    yield podman
    podman("pod", "rm", "--all", "--force", "--time", "1", ok=False)
    podman("system", "reset", "--force", ok=False)


@pytest.fixture(name="images")
def _images(docker, podman, image):
    """Give podman the sidecar's image, and an app's with a real boto3."""
    directory = ROOT / "examples" / "compose" / "shared-network" / "app"
    docker("build", "-q", "-t", APP_IMAGE, str(directory), timeout=600)
    podman.load(image, APP_IMAGE)
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
        "image": f"localhost/{APP_IMAGE}",
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
    report = rendered(values, "1.28")
    deployment = yaml.safe_load(report["files"]["app/deployment.yaml"])
    spec = deployment["spec"]["template"]["spec"]
    for volume in spec["volumes"]:
        if "secret" in volume:
            volume["secret"]["optional"] = False  # podman 4.3 fails where it isn't said
        if volume["name"] == "cone-client":
            secret = {"apiVersion": "v1", "kind": "Secret", "stringData": client()}
            secret["metadata"] = {"name": volume["secret"]["secretName"]}
    simulator = {
        "name": "simulator",
        "image": f"localhost/{image}",
        "imagePullPolicy": "Never",
        "args": ["simulator", "--scenario", "/scenario/scenario.yaml", "--auto-confirm"],
        "volumeMounts": [{"name": "scenario", "mountPath": "/scenario", "readOnly": True}],
    }
    spec["containers"].insert(0, simulator)
    spec["volumes"].append({"name": "scenario", "configMap": {"name": "scenario"}})
    scenario = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "scenario"}}
    scenario["data"] = {"scenario.yaml": SCENARIO.read_text()}
    return [scenario, secret, deployment]


def test_an_app_in_the_sidecar_s_pod_gets_its_identity(podman, images, tmp_path):
    """A real boto3 that knows a URL and a file is who STS says; its pod has no network but its own."""
    path = tmp_path / "pod.yaml"
    path.write_text(yaml.safe_dump_all(manifest(images)))
    podman("kube", "play", "--network", "none", str(path))
    names = podman("ps", "--all", "--format", "{{.Names}}").stdout.split()
    app, sidecar = (next(name for name in names if name.endswith(f"-{end}")) for end in ("app", "cone"))
    podman("wait", "--condition", "exited", app, timeout=PLAY_LIMIT_S)
    said = podman("logs", app)
    told = podman("logs", sidecar)
    assert re.search(IDENTITY, said.stdout), said.stderr + told.stderr
    assert "no active grant" in told.stderr
    for secret in client().values():
        assert secret not in told.stderr + told.stdout
        assert base64.b64encode(secret.encode()).decode() not in told.stderr
