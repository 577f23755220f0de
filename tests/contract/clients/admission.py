"""Admission policies, carried out on pods with Google's CEL runtime: JSON on stdin, outcomes on stdout.

An approximation of what an API server does: selectors aren't looked at, and its types ``Object…`` and
``JSONPatch`` become maps that remember their type's name. That each has the name of its place is checked here
as the server checks it.
"""

import json
import re
import sys

import jsonpatch
import kubernetes_validate
from cel_expr_python import cel
from cel_expr_python.ext import ext_optional, ext_strings

# Text is left as it is; after a field's name the colon stands at once, in a ternary it doesn't.
TOKEN = re.compile(
    r'(?P<text>"(?:[^"\\]|\\.)*")|(?P<type>Object(?:\.\w+)+|JSONPatch)\{|\b(?P<field>[A-Za-z_]\w*)(?=: )'
)
TYPE = "@type"


class Admission:
    """The policies of a manifest, and a pod that is on its way through them."""

    def __init__(self, documents):
        self._documents = documents
        names = {"object": cel.Type.DYN, "variables": cel.Type.DYN}
        extensions = [ext_optional.ExtOptional(), ext_strings.ExtStrings(2)]
        self._environment = cel.NewEnv(variables=names, extensions=extensions)

    def admit(self, pod):
        """Return the pod as it would be stored, who refuses it, and who warns."""
        for _ in range(2):  # reinvocationPolicy: IfNeeded
            for policy in self._of("MutatingAdmissionPolicy"):
                pod = self._mutate(policy["spec"], pod)
        said = {"Deny": [], "Warn": []}
        actions = {
            binding["spec"]["policyName"]: binding["spec"]["validationActions"][0]
            for binding in self._of("ValidatingAdmissionPolicyBinding")
        }
        for policy in self._of("ValidatingAdmissionPolicy"):
            said[actions[policy["metadata"]["name"]]] += self._validate(policy["spec"], pod)
        return {"pod": pod, "denied": said["Deny"], "warned": said["Warn"]}

    def _of(self, kind):
        return [each for each in self._documents if each["kind"] == kind]

    def _mutate(self, spec, pod):
        if not all(self._value(each["expression"], pod, {}) for each in spec["matchConditions"]):
            return pod
        variables = self._variables(spec, pod)
        for mutation in spec["mutations"]:
            found = self._value(mutation["jsonPatch"]["expression"], pod, variables)
            pod = jsonpatch.JsonPatch([patch(each) for each in found]).apply(pod)
        return pod

    def _validate(self, spec, pod):
        variables = self._variables(spec, pod)
        for validation in spec["validations"]:
            if not self._value(validation["expression"], pod, variables):
                expression = validation.get("messageExpression")
                yield (
                    validation["message"]
                    if expression is None
                    else self._value(expression, pod, variables)
                )

    def _variables(self, spec, pod):
        known = {}
        for variable in spec.get("variables", []):
            known[variable["name"]] = self._value(variable["expression"], pod, known)
        return known

    def _value(self, expression, pod, variables):
        compiled = self._environment.compile(as_maps(expression))
        outcome = compiled.eval(data={"object": pod, "variables": variables})
        if outcome.type() == cel.Type.ERROR:
            raise ValueError(f"{outcome.value()}: {expression[:200]}")
        return outcome.plain_value()


def as_maps(expression):
    """Write typed literals as maps with their type's name in them."""

    def written(token):
        if token["type"]:
            return f'{{"{TYPE}": "{token["type"]}", '
        return f'"{token["field"]}"' if token["field"] else token["text"]

    return TOKEN.sub(written, expression)


def patch(value):
    """Return a patch as JSON; what it adds has the type of where it adds it."""
    steps = [step for step in value["path"].split("/") if not step.isdigit() and step != "-"]
    found = value["value"]
    place = ".".join(["Object", *steps[1:]])
    typed = isinstance(found, dict) and TYPE in found
    return {
        "op": value["op"],
        "path": value["path"],
        "value": plain(found, place if typed else None),
    }


def plain(value, place=None):
    """Take the types' names out again; what has no place was in the pod before.

    Raises:
        TypeError: One isn't that of its place, or a list or map holds different kinds.
    """
    if isinstance(value, dict):
        name = value.get(TYPE)
        if name is None:
            alike(value.values() if place else ())
            return {key: plain(each, place) for key, each in value.items()}
        if place not in {None, name}:
            raise TypeError(f"{name} stands at {place}")
        return {key: plain(each, f"{name}.{key}") for key, each in value.items() if key != TYPE}
    if isinstance(value, list):
        alike(value if place else ())
        return [plain(each, place) for each in value]
    return value


def alike(values):
    """Check that values are of one kind."""
    kinds = {each.get(TYPE, "map") if isinstance(each, dict) else type(each) for each in values}
    if len(kinds) > 1:
        raise TypeError(f"different kinds in one list or map: {kinds}")


def main():
    """Answer on stdout."""
    request = json.load(sys.stdin)
    admission = Admission(request["documents"])
    outcomes = []
    for pod in request["pods"]:
        outcome = admission.admit(pod)
        try:
            kubernetes_validate.validate(outcome["pod"], request["kubernetes"], strict=True)
            outcome["invalid"] = None
        except kubernetes_validate.ValidationError as error:
            outcome["invalid"] = error.message
        outcomes.append(outcome)
    print(json.dumps(outcomes))


if __name__ == "__main__":
    main()
