"""Charts as Helm renders them, and pods on their way through admission: each in a process of its own."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venv-charts" / "bin" / "python"
PROGRAMS = ROOT / "tests" / "contract" / "clients"
CASES = ROOT / "tests" / "contract" / "charts" / "cases.yaml"
LIMIT_S = 120

needs_helm = pytest.mark.skipif(
    not PYTHON.exists(), reason="NOT RUN: make .venv-charts/.ready was not run"
)


def cases() -> dict[str, dict[str, Any]]:
    """Return what the golden files are rendered from."""
    return yaml.safe_load(CASES.read_text())


def values_of(name: str) -> dict[str, Any]:
    """Return the values of an example of the chart, to be changed."""
    path = ROOT / "charts" / "cone-sidecar" / "ci" / f"{name}-values.yaml"
    return yaml.safe_load(path.read_text())


def examine(*requests: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what Helm and the schemas say about each request, as ``clients/helm_chart.py`` words it."""
    return _ask("helm_chart.py", requests)


def rendered(values: dict[str, Any], kubernetes: str = "1.33", *apis: str) -> dict[str, Any]:
    """Return what Helm and the schemas say about the chart with ``values``."""
    request = {"chart": "charts/cone-sidecar", "values": values}
    return examine(request | {"kubernetes": kubernetes, "apis": apis})[0]


def documents(report: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the documents that a cluster would be given."""
    texts = [text for path, text in report["files"].items() if path != "NOTES.txt"]
    return [document for text in texts for document in yaml.safe_load_all(text)]


def pod_of(report: dict[str, Any], path: str = "app/deployment.yaml") -> dict[str, Any]:
    """Return the pod's specification in a rendered workload."""
    return yaml.safe_load(report["files"][path])["spec"]["template"]["spec"]


def admit(policies: list[dict[str, Any]], pods: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Carry out the policies on each pod, as ``clients/admission.py`` words it."""
    return _ask("admission.py", {"documents": policies, "pods": pods, "kubernetes": "1.36"})


def environment(container: dict[str, Any]) -> dict[str, str]:
    """Return a container's variables; those from elsewhere as where they come from."""
    found = {}
    for each in container["env"]:
        assert each["name"] not in found, "each is set once"
        secret = each.get("valueFrom", {}).get("secretKeyRef", {})
        field = each.get("valueFrom", {}).get("fieldRef", {}).get("fieldPath")
        elsewhere = field or f"{secret.get('name')}/{secret.get('key')}"
        found[each["name"]] = each.get("value", elsewhere)
    return found


def by_name(things: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return containers, volumes or mounts by their names."""
    return {thing["name"]: thing for thing in things}


def _ask(program: str, request: object) -> Any:
    done = subprocess.run(
        [PYTHON, "-W", "ignore", PROGRAMS / program],
        input=json.dumps(request),
        env=os.environ | {"PYTHONWARNINGS": "ignore"},
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(done.stdout)
