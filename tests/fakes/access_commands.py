"""A tenant for ``cone search``, ``has``, ``get`` and ``drop``, and what their output says."""

import json

ADA, GRACE = "ada@example.com", "grace@example.com"
BULK = 250
SCENARIO = f"""\
tenant: acme
users: [{{email: {ADA}, name: Ada}}, {{email: {GRACE}, name: Grace}}]
accounts: [{{id: "100000000001", name: P}}]
permission_sets:
  - {{account: P, name: Auto, max_duration: 8h, alias: auto}}
  - {{account: P, name: Held, granted_to: [{ADA}], grant_ends: 8h, alias: held}}
  - {{account: P, name: Given, granted_to: [{ADA}], alias: given}}
  - {{account: P, name: Approval, policy: approval, max_duration: 1h, alias: approval}}
  - {{account: P, name: Waited, policy: approval, alias: waited}}
  - {{account: P, name: Refused, policy: approval, alias: refused}}
  - {{account: P, name: Cancelled, policy: approval, alias: cancelled}}
  - {{account: P, name: Interrupted, policy: approval, alias: interrupted}}
  - {{account: P, name: Twice, policy: approval, alias: twice}}
  - {{account: P, name: Deny, policy: deny, alias: deny}}
  - {{account: P, name: Error, policy: error, alias: error}}
  - {{account: P, name: Timeout, policy: timeout, alias: timeout}}
  - {{account: P, name: Form, policy: form, alias: form}}
  - {{account: P, name: FormStep, policy: form_step, alias: form-step}}
  - {{account: P, name: Later, policy: [approval, form_step], alias: later}}
  - {{account: P, name: Urgent, policy: approval, emergency: true, alias: urgent}}
  - {{account: P, name: Emergent, policy: approval, emergency: true, alias: emergent}}
  - {{account: P, name: Asked, policy: approval, max_duration: 8h, alias: asked}}
  - {{account: P, name: AskedForm, policy: form, alias: asked-form}}
  - {{account: P, name: Hidden, requestable: false}}
  - {{account: P, name: Flaky, policy: approval, alias: flaky}}
bulk: {{accounts: 5, permission_sets: {BULK // 5}}}
"""
SETS = SCENARIO.count("account: P,") - 1
WHY = ("-i", "-j", "because")
GRANTED = "Entitlement granted successfully.\n"


def entitlements(stage, *arguments):
    """Search, and return the entitlements of the JSON."""
    done = stage.cone("search", "-o", "json", *arguments)
    assert done.returncode == 0, done.stderr
    return [row["Entitlement"] for row in json.loads(done.stdout)["entitlements"]]


def ids(stage, alias):
    (found,) = entitlements(stage, "--alias", alias)
    return found["appId"], found["id"]


def task_of(done):
    """Return the task that a command printed as JSON."""
    return json.loads(done.stdout)


def outcome(task):
    (content,) = (each for each in task["type"].values() if each)
    return content["outcome"]


def number_in(stream):
    """Read until the task's number is told."""
    for line in stream:
        if line.startswith("cone: task "):
            return line.split()[2].rstrip(":")
    raise AssertionError("ended without a task")
