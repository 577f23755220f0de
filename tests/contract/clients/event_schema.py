"""The schemas of Kubernetes, on objects: a JSON array on stdin, what they refuse as JSON on stdout."""

import json
import sys

import kubernetes_validate

VERSIONS = ("1.29", "1.34", "1.37")


def problems(document):
    """Yield what the schemas refuse, unknown fields included."""
    for version in VERSIONS:
        try:
            kubernetes_validate.validate(document, version, strict=True)
        except kubernetes_validate.ValidationError as error:
            yield f"{version}: {error}"


print(json.dumps([list(problems(document)) for document in json.load(sys.stdin)]))
