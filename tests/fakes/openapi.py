"""The tenant's OpenAPI document, and what it can't say: the rules of protojson (reference §0)."""

import copy
import re
from pathlib import Path

import jsonschema
import yaml
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

DOCUMENT = Path(__file__).parents[1] / "contract" / "conductorone-openapi.yaml"
TYPE_PREFIX = "type.googleapis.com/"
REF_PREFIX = "#/components/schemas/"
TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z")
DURATION = re.compile(r"-?\d+(\.\d{1,9})?s")
INT64 = re.compile(r"-?\d+")
# Members of a oneof, which are left out where they aren't set; the document doesn't tell them.
ONEOFS = {
    "task.v1.TaskType": ["grant revoke certify offboarding action finding"],
    "task.v1.TaskRevokeSource": ["review request expired nonUsage"],
    "policy.v1.PolicyStepInstance": ["approval provision accept reject wait form action"],
    "policy.v1.PolicyStep": ["approval provision accept reject wait form action"],
    "policy.v1.ApprovalInstance": [
        "approved denied reassigned restarted reassignedByError skipped",
    ],
    "policy.v1.Approval": [
        "users manager appOwners group self entitlementOwners expression webhook resourceOwners agent",
    ],
    "policy.v1.ProvisionInstance": ["completed cancelled errored reassignedByError skipped"],
    "policy.v1.ProvisionPolicy": [
        "connector manual delegated webhook multiStep externalTicket unconfigured action"
        " devicePlacement",
    ],
    "policy.v1.ConnectorProvision": ["defaultBehavior account deleteAccount"],
    "policy.v1.FormInstance": ["completed restarted reassigned skipped"],
    "policy.v1.WaitInstance": ["condition untilTime", "succeeded timedOut skipped"],
    "policy.v1.Wait": ["condition duration untilTime"],
    "form.v1.Field": [
        "stringField boolField int64Field stringSliceField fileField oauth2Field stringMapField",
        "userConfig adminConfig sharedConfig",
    ],
    "form.v1.StringField": [
        "textField passwordField selectField pickerField dateField",
        "rules",
    ],
    "form.v1.TextField": ["suffix"],
    "app.v1.AppEntitlement": ["durationUnset durationGrant"],
    "app.v1.AppResource": ["secretTrait agentTrait"],
}


class OpenApi:
    """Judge answers by the document and by the rules of protojson."""

    def __init__(self):
        content = yaml.safe_load(DOCUMENT.read_text())
        self.paths = content["paths"]
        self.schemas = content["components"]["schemas"]
        closed = _closed(copy.deepcopy(content))
        self._registry = Registry().with_resource(
            "urn:document", Resource(contents=closed, specification=DRAFT202012)
        )

    def operation_ids(self):
        """List all operations."""
        return {op["operationId"] for item in self.paths.values() for op in item.values()}

    def operation(self, method, path):
        """Return the operation that a request is, None for what the document doesn't know."""
        found = [
            (template.count("{"), item[method.lower()])
            for template, item in self.paths.items()
            if method.lower() in item
            and re.fullmatch(re.sub(r"{\w+}", "[^/]+", template), path.partition("?")[0])
        ]
        return min(found, key=lambda each: each[0])[1] if found else None

    def faults_of_request(self, operation, body):
        """Tell what is wrong with the body of a request."""
        content = operation["requestBody"]["content"]["application/json"]["schema"]
        return list(self._schema_faults(_name(content), body))

    def faults(self, operation, body):
        """Tell what is wrong with an answer: of the schema, then of protojson."""
        schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
        yield from self._schema_faults(_name(schema), body)
        yield from self._protojson_faults(schema, body, "$")
        for index, item in enumerate(body.get("expanded", [])):
            kind = item["@type"].removeprefix(TYPE_PREFIX)
            content = {key: value for key, value in item.items() if key != "@type"}
            yield from self._schema_faults(kind, content)
            reference = {"$ref": REF_PREFIX + kind}
            yield from self._protojson_faults(reference, content, f"$.expanded[{index}]")

    def _schema_faults(self, name, value):
        reference = {"$ref": f"urn:document{REF_PREFIX}{name}"}
        validator = jsonschema.Draft202012Validator(reference, registry=self._registry)
        for error in validator.iter_errors(value):
            leaf = jsonschema.exceptions.best_match([error])
            yield f"{leaf.json_path}: {leaf.message}"

    def _protojson_faults(self, schema, value, where):
        name, schema = self._resolved(schema)
        if value is None:
            if "array" in schema.get("type", ""):
                yield f"{where}: null instead of an empty list"
        elif isinstance(value, list):
            for index, item in enumerate(value):
                yield from self._protojson_faults(schema["items"], item, f"{where}[{index}]")
        elif isinstance(value, dict):
            yield from self._field_faults(name, schema, value, where)
        else:
            yield from _scalar_faults(schema, value, where)

    def _field_faults(self, name, schema, value, where):
        properties = schema.get("properties", {})
        groups = [set(group.split()) for group in ONEOFS.get(name, [])]
        optional = set().union(*groups)
        absent = set(properties) - set(value) - optional
        if absent:
            yield f"{where}: unpopulated fields of {name} are left out: {sorted(absent)}"
        for group in groups:
            if len(present := group & set(value)) > 1:
                yield f"{where}: more than one of a oneof: {sorted(present)}"
            for key in present:
                if value[key] is None:
                    yield f"{where}: {key} of a oneof is null"
        for key, item in value.items():
            if key in properties:
                yield from self._protojson_faults(properties[key], item, f"{where}.{key}")

    def _resolved(self, schema):
        name = _name(schema)
        if name:
            return name.removeprefix("c1.api."), self.schemas[name]
        return "", schema


def _name(schema):
    for choice in [schema, *schema.get("oneOf", [])]:
        if "$ref" in choice:
            return choice["$ref"].removeprefix(REF_PREFIX)
    return ""


def _scalar_faults(schema, value, where):
    forms = {"date-time": TIMESTAMP, "duration": DURATION, "int64": INT64, "uint64": INT64}
    form = forms.get(schema.get("format"))
    if form and not (isinstance(value, str) and form.fullmatch(value)):
        yield f"{where}: {value!r} is no {schema['format']} of protojson"


def _closed(node):
    """Forbid keys that a schema doesn't name."""
    if isinstance(node, list):
        return [_closed(item) for item in node]
    if not isinstance(node, dict):
        return node
    closed = {key: _closed(item) for key, item in node.items()}
    if isinstance(node.get("properties"), dict) and "object" in node.get("type", ""):
        closed.setdefault("additionalProperties", False)
    return closed
