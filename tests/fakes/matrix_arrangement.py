"""What is set up before somebody asks: faults, requests that are there, sessions that have ended."""

import copy

LONG_AGO = "2020-01-01T00:00:00Z"
GRANTS_PATH = "/api/v1/apps/{app}/entitlements/{entitlement}/users/{user}/grants"
ENTITLEMENT_PATH = "/api/v1/apps/{app}/entitlements/{entitlement}"
ME_PATH = "/api/v1/auth/introspect"
STEP_KEYS = ("id", "policyGenerationId", "state")
# The operations by the names that the table has for them.
OPERATIONS = {
    "token": "OAuth.Token",
    "me": "Auth.Introspect",
    "grants": "ListAppUsersForIdentityWithGrant",
    "form": "FindBindingForAppEntitlement",
    "entitlement": "AppEntitlements.Get",
    "request": "CreateGrantTask",
    "look": "TaskService.Get",
    "credentials": "GetRoleCredentials",
    "refresh": "CreateToken",
}


def fault(operation, **effect):
    """Let requests of ``operation`` fail."""

    def arrange(lane, profile):
        body = {"operation": OPERATIONS.get(operation, operation), **effect}
        lane.stage.control("POST", "/faults", body)

    return arrange


def answer_changed(operation, path, change):
    """Answer ``operation`` once with what it would answer now, after ``change``."""

    def arrange(lane, profile):
        body = lane.tenant_answer("GET", path.format(**lane.ids(profile)))
        change(body)
        fault(operation, status=200, body=body, count=1)(lane, profile)

    return arrange


def credentials_with_more(lane, profile):
    """Answer with role credentials and something that nobody knows."""
    body = lane.portal_answer(profile)
    body["roleCredentials"]["futureField"] = {"kind": "NEW"}
    fault("credentials", status=200, body=body | {"futureField": None}, count=1)(lane, profile)


def task_looks(*, state=None, outcome=None, step=None):
    """Show another task to whoever looks: one in this state, with this outcome, at this step."""

    def arrange(lane, profile):
        body = _changed_task(lane.template_task, state=state, outcome=outcome, step=step)
        fault("look", status=200, body=body)(lane, profile)

    return arrange


def task_is_there_and_looks(*, state=None, processing=None, step=None):
    """Ask for access beforehand, and show the task in another state or at another step for two looks."""

    def arrange(lane, profile):
        answer = lane.tenant_answer("GET", f"/api/v1/tasks/{lane.request(profile)}")
        body = _changed_task(answer, state=state, processing=processing, step=step)
        # The first is taken by whoever finds out which request that is.
        fault("look", status=200, body=body, count=2)(lane, profile)

    return arrange


def _changed_task(answer, *, state=None, outcome=None, processing=None, step=None):
    body = copy.deepcopy(answer)
    task = body["taskView"]["task"]
    task["state"] = state or task["state"]
    task["processing"] = processing or task["processing"]
    task["type"]["grant"]["outcome"] = outcome or task["type"]["grant"]["outcome"]
    if step is not None:
        common = {key: task["policy"]["current"][key] for key in STEP_KEYS}
        task["policy"]["current"] = (common | step) if step else None
    more_fields(body)
    return body


def more_fields(body):
    """Add what a later version of the API might answer with."""
    body["futureField"] = {"@type": "type.googleapis.com/c1.api.future.v1.Thing", "kind": "NEW"}


def grant_over(body):
    """Let the listed grant be over."""
    for binding in body["bindings"]:
        binding["deprovisionAt"] = LONG_AGO


def grant_deleted(body):
    """Let the listed grant be deleted."""
    for binding in body["bindings"]:
        binding["deletedAt"] = LONG_AGO


def request_is_there(lane, profile):
    """Ask for access beforehand, as another program would."""
    lane.request(profile)


def request_is_under_way(lane, profile):
    """Ask for access beforehand, and look until the machines have begun to decide."""
    task_id = lane.request(profile)
    for _ in range(2):
        lane.tenant_answer("GET", f"/api/v1/tasks/{task_id}")


def access_token_refused(lane, profile):
    """Let AWS refuse the session's access token; the refresh token goes on."""
    lane.stage.control("POST", "/sessions/expire", {"kind": "access"})


def session_closed(lane, profile):
    """Let AWS know nothing of the session any more."""
    lane.stage.control("POST", "/sessions/expire", {"kind": "all"})


def served_before(lane, profile):
    """Let somebody have asked already."""
    lane.ask(profile)


def no_automatic_requests(lane, profile):
    """Switch off that access is asked for."""
    path = lane.stage.home / ".aws" / "config"
    header = f"[profile {profile}]\n"
    path.write_text(path.read_text().replace(header, f"{header}cone_auto_request = false\n"))
