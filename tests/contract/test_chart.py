"""The Helm chart, judged by Helm itself and by the schemas of Kubernetes."""

import json
import os
import subprocess
from pathlib import Path

import pytest
import yaml

from cone_cli.container_environment import UNWANTED

ROOT = Path(__file__).parents[2]
CHART = ROOT / "charts" / "cone-sidecar"
PYTHON = ROOT / ".venv-charts" / "bin" / "python"
SCRIPT = Path(__file__).parent / "clients" / "helm_chart.py"
GOLDEN = Path(__file__).parent / "charts"
EXAMPLES = ("defaults", "everything")
REWRITE = (
    ".venv-charts/bin/python tests/contract/clients/helm_chart.py charts/cone-sidecar {0}-values.yaml"
    " > tests/contract/charts/{0}.yaml"
)

pytestmark = pytest.mark.skipif(
    not PYTHON.exists(), reason="the chart is not tested: make .venv-charts/.ready was not run"
)


def example(name):
    """Read the values of an example."""
    return yaml.safe_load((CHART / "ci" / f"{name}-values.yaml").read_text())


def examine(values):
    """Return what Helm and the schemas say about the chart with ``values``."""
    done = subprocess.run(
        [PYTHON, SCRIPT, CHART],
        input=json.dumps(values),
        env=os.environ | {"PYTHONWARNINGS": "ignore"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module", name="reports")
def _reports():
    return {name: examine(example(name)) for name in EXAMPLES}


def pod(report):
    """Return the pod's specification."""
    return yaml.safe_load(report["files"]["deployment.yaml"])["spec"]["template"]["spec"]


def environment(container):
    """Return a container's variables; those out of a Secret as its name and key."""
    found = {}
    for each in container["env"]:
        reference = each.get("valueFrom", {}).get("secretKeyRef", {})
        assert each["name"] not in found, "each is set once"
        found[each["name"]] = each.get("value") or f"{reference['name']}/{reference['key']}"
    return found


@pytest.mark.parametrize("name", EXAMPLES)
def test_helm_and_the_schemas_take_it(reports, name):
    """Strict lint finds nothing, and each supported version of Kubernetes knows every field."""
    assert reports[name]["lint"] == []
    assert reports[name]["invalid"] == []


@pytest.mark.parametrize("name", EXAMPLES)
def test_it_renders_what_was_reviewed(reports, name):
    """The manifest is the golden file; a change to it is seen in review."""
    golden = (GOLDEN / f"{name}.yaml").read_text()
    assert reports[name]["files"]["deployment.yaml"] == golden, REWRITE.format(name)


def test_the_sidecar_is_a_native_one(reports):
    """It starts before the app, is waited for by its own healthcheck, and is no reason to end a pod."""
    sidecar = pod(reports["defaults"])["initContainers"][0]
    assert sidecar["restartPolicy"] == "Always"
    assert sidecar["startupProbe"]["exec"]["command"] == ["cone", "healthcheck"]
    assert "readinessProbe" not in sidecar


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_restricted_standard_is_kept(reports, name):
    """No root, no privilege to gain, no capability, the runtime's seccomp profile, no token of the API."""
    spec = pod(reports[name])
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert spec["automountServiceAccountToken"] is False
    for container in (*spec["initContainers"], *spec["containers"]):
        assert container["securityContext"]["allowPrivilegeEscalation"] is False
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert spec["initContainers"][0]["securityContext"]["readOnlyRootFilesystem"] is True


def test_the_token_never_touches_a_disk(reports):
    """It lies in memory, where the app may read it and only the sidecar may write."""
    spec = pod(reports["defaults"])
    volumes = {volume["name"]: volume for volume in spec["volumes"]}
    assert volumes["cone-token"]["emptyDir"]["medium"] == "Memory"
    mount = {"name": "cone-token", "mountPath": "/run/cone", "readOnly": True}
    assert mount in spec["containers"][0]["volumeMounts"]


def test_the_app_is_led_to_the_sidecar_alone(reports):
    """Its variables name the sidecar, and close the ways to keys, metadata and proxies."""
    assert environment(pod(reports["defaults"])["containers"][0]) == {
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:9911/credentials/production-admin",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "/run/cone/token",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
    }


def test_a_token_out_of_a_secret_reaches_the_app_as_variable_too(reports):
    """Older SDKs know no file: with a Secret, file and variable hold the same."""
    spec = pod(reports["everything"])
    variables = environment(spec["containers"][0])
    assert variables["AWS_CONTAINER_AUTHORIZATION_TOKEN"] == "app-token/token"
    volumes = {volume["name"]: volume for volume in spec["volumes"]}
    assert volumes["cone-token"]["secret"]["secretName"] == "app-token"
    assert volumes["cone-token"]["secret"]["items"] == [{"key": "token", "path": "token"}]


def test_the_client_comes_out_of_a_secret(reports):
    """Neither id nor secret is in the manifest."""
    variables = environment(pod(reports["defaults"])["initContainers"][0])
    assert variables["CONE_CLIENT_ID"] == "conductorone/client-id"
    assert variables["CONE_CLIENT_SECRET"] == "conductorone/client-secret"


@pytest.mark.parametrize(
    ("section", "key", "message"),
    [
        ("app", "image", "app.image is needed"),
        ("app", "profile", "app.profile is needed"),
        ("identityCenter", "startUrl", "identityCenter.startUrl is needed"),
        ("conductorone", "existingSecret", "conductorone.existingSecret.name is needed"),
    ],
)
def test_what_is_needed_is_asked_for(section, key, message):
    """A value that only the user knows is asked for by name."""
    values = example("defaults")
    del values[section][key]
    assert message in examine(values)["refused"]


@pytest.mark.parametrize("name", UNWANTED)
def test_what_would_win_over_the_sidecar_is_refused(name):
    """An app that brings other credentials of its own is told so, before it runs with them."""
    values = example("defaults")
    values["app"]["env"] = [{"name": name, "value": "x"}]
    assert f"app.env: {name} would win over the sidecar" in examine(values)["refused"]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"app": {"profil": "x"}}, "profil"),
        ({"app": {"profile": "with space"}}, "/app/profile"),
        ({"replicas": "two"}, "/replicas"),
    ],
)
def test_mistaken_values_are_named(values, message):
    """The schema refuses unknown keys and wrong kinds, and says where."""
    merged = example("defaults")
    for section, content in values.items():
        merged[section] = (
            merged.get(section, {}) | content if isinstance(content, dict) else content
        )
    assert message in examine(merged)["refused"]


def test_kept_sign_ins_are_not_shared():
    """Several replicas on one claim are refused."""
    refused = examine(example("everything") | {"replicas": 2})["refused"]
    assert "state.existingClaim is for one replica" in refused
