"""Helm and the schemas of Kubernetes, on charts: requests as JSON on stdin, what they say as JSON on stdout.

With names of cases as arguments it writes their golden files instead.
"""

import json
import sys
import warnings
from pathlib import Path

import helm_python
import kubernetes_validate
import yaml
from helm_python import _native

ROOT = Path(__file__).parents[3]
CASES = Path(__file__).parent.parent / "charts" / "cases.yaml"
NOTES = "NOTES.txt"
# Not of Kubernetes itself: there is no schema for it here.
FOREIGN = {"monitoring.coreos.com/v1"}


def examine(request):
    """Lint and render a chart, and validate each document against the cluster's schemas.

    ``chart`` is a directory below the project's, ``values`` a mapping or a file below it, ``kubernetes`` a
    version such as 1.36, ``apis`` what else the cluster serves.
    """
    chart, values = ROOT / request["chart"], request.get("values", {})
    if isinstance(values, str):
        values = yaml.safe_load((ROOT / values).read_text())
    report = {"lint": helm_python.lint(chart, values, strict=True)["errors"]}
    try:
        files = render(chart, values, request)
    except helm_python.HelmError as error:
        return report | {"refused": str(error)}
    version = request["kubernetes"]
    invalid = [
        f"{name}: {problem}"
        for name, text in files.items()
        if name != NOTES
        for problem in problems(text, version)
    ]
    return report | {"files": files, "invalid": invalid}


def render(chart, values, request):
    """Render the chart for a cluster of that version; returns what is not empty, by template."""
    options = {"name": "shop", "namespace": "shops", "kube_version": f"v{request['kubernetes']}.0"}
    options["api_versions"] = request.get("apis", [])
    with helm_python.Chart.load(chart) as loaded:
        rendered = _native.call_string(
            "helm_render", loaded._raw(), json.dumps(values), json.dumps(options)
        )
    files = {path.partition("/templates/")[2]: text for path, text in json.loads(rendered).items()}
    return {path: text.strip() + "\n" for path, text in sorted(files.items()) if text.strip()}


def problems(text, version):
    """Yield what the schemas refuse, unknown fields included."""
    for document in yaml.safe_load_all(text):
        if document["apiVersion"] not in FOREIGN:
            try:
                kubernetes_validate.validate(document, version, strict=True)
            except kubernetes_validate.ValidationError as error:
                yield f"{document['kind']}: {error.message}"


def manifest(files):
    """Join what a cluster would be given."""
    return "---\n".join(f"# {path}\n{text}" for path, text in files.items() if path != NOTES)


def write(name, case):
    """Write what a case renders: as one file beside the cases, or each document where the case says."""
    files = examine(case)["files"]
    if "into" not in case:
        (CASES.parent / f"{name}.yaml").write_text(manifest(files))
        return
    for path, text in files.items():
        (ROOT / case["into"] / path).write_text(text)


def main(*names):
    """Answer on stdout, or write golden files."""
    warnings.simplefilter("ignore")
    if names:
        cases = yaml.safe_load(CASES.read_text())
        for name in names:
            write(name, cases[name])
        return
    requests = json.load(sys.stdin)
    print(json.dumps([examine(request) for request in requests]))


if __name__ == "__main__":
    main(*sys.argv[1:])
