"""Helm and the schemas of Kubernetes, on a chart: values as JSON on stdin, what they say as JSON on stdout.

With a file of ci/ as second argument it prints the manifest alone: so the golden files are made.
"""

import json
import sys
from pathlib import Path

import helm_python
import kubernetes_validate
import yaml

VERSIONS = ("1.29", "1.31", "1.33", "1.35", "1.37")
NOTES = "NOTES.txt"


def examine(chart, values):
    """Lint, render, and validate each document against each version's schemas."""
    report = {"lint": helm_python.lint(chart, values, strict=True)["errors"]}
    try:
        with helm_python.Chart.load(chart) as loaded:
            rendered = loaded.render(values, name="shop", namespace="shops")
    except helm_python.HelmError as error:
        return report | {"refused": str(error)}
    files = {Path(path).name: text.strip() + "\n" for path, text in rendered.items()}
    invalid = []
    for name, text in files.items():
        if name != NOTES:
            invalid += [f"{name}, {version}: {problem}" for version, problem in problems(text)]
    return report | {"files": files, "invalid": invalid}


def problems(text):
    """Yield what the schemas refuse, unknown fields included."""
    for document in yaml.safe_load_all(text):
        for version in VERSIONS:
            try:
                kubernetes_validate.validate(document, version, strict=True)
            except kubernetes_validate.ValidationError as error:
                yield version, str(error)


def main(chart, *example):
    """Answer on stdout."""
    if example:
        values = yaml.safe_load((Path(chart) / "ci" / example[0]).read_text())
        print(examine(chart, values)["files"]["deployment.yaml"], end="")
    else:
        print(json.dumps(examine(chart, json.load(sys.stdin))))


if __name__ == "__main__":
    main(*sys.argv[1:])
