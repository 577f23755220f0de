"""The simulated tenant where its answers are easily wrong: steps that were left, odd bodies, odd paths."""

import base64
import http.client
from datetime import timedelta

import pytest

from cone_sidecar.clock import parse_timestamp
from cone_sidecar.errors import ConfigurationError
from cone_sidecar.simulator.scenario import load_scenario
from cone_sidecar.simulator.simulated_clock import SimulatedClock
from cone_sidecar.simulator.world import World
from fakes.running_simulator import running_simulator
from fakes.tenant_client import tenant

GRANT = "/api/v1/task/grant"
TASKS = "/api/v1/search/tasks"
SCENARIO = """
tenant: acme
users: [{email: ada@example.com}, {email: grace@example.com}]
accounts: [{id: "100000000001", name: Production}]
permission_sets:
  - {account: Production, name: Auto, max_duration: 8h}
  - {account: Production, name: Human, policy: approval, emergency: true}
  - {account: Production, name: Waiting, policy: wait, emergency: true}
  - {account: Production, name: Asking, policy: form_step, emergency: true}
  - {account: Production, name: Bound, policy: [approval, form]}
  - {account: Production, name: Denied, policy: deny, emergency: true}
  - {account: Production, name: Broken, policy: error}
"""
LAGS = "lags: {policy_step: 30s, provisioning: 10s}\n"
# As it is promised, with ids and secrets that are no keys, and its comments.
PROMISED = """
tenant: acme
users: [{email: ada@example.com, client_id: …, client_secret: …}]      # id and secret are made when absent
accounts: [{id: "100000000001", name: Production}]
permission_sets:
  - {account: Production, name: Admin, policy: auto, granted_to: [ada@example.com], grant_ends: 8h, max_duration: 8h}
  - {account: Production, name: ReadOnly, policy: [machine, approval]}  # auto, machine, approval, form, form_step, deny, error, timeout, or a list of steps
bulk: {accounts: 50, permission_sets: 100}                              # generated on top: "Account 001" … × "Role001" …
lags: {latency: 0ms, policy_step: 0s, provisioning: 0s, grant_visibility: 0s, propagation: 0s}
lifetimes: {access_token: 1h, refresh_token: 90d, role_credentials: 1h}
"""  # noqa: E501 -- word for word


@pytest.fixture(name="client")
async def _client(tmp_path):
    """Give a tenant without lags."""
    async with tenant(SCENARIO, tmp_path) as client:
        yield client


@pytest.fixture(name="slow")
async def _slow(tmp_path):
    """Give a tenant whose machines take their time."""
    async with tenant(SCENARIO + LAGS, tmp_path) as client:
        yield client


async def act(client, task, verb, body=None, *, user=None):
    """Act on a task."""
    path = f"/api/v1/tasks/{task['id']}/action/{verb}"
    return await client.call("POST", path, body or {}, user=user)


def kind_of(step):
    """Return the member of a step instance that is set."""
    (kind,) = set(step) - {"id", "policyGenerationId", "state"}
    return step[kind]


def last_step(task):
    """Return the step that a task left last."""
    step = task["policy"]["history"][-1]
    assert step["state"] == "POLICY_STEP_STATE_DONE"
    return kind_of(step)


def test_the_promised_scenario_loads(tmp_path):
    """The form that is fixed is read as it stands, whatever its ids and secrets are."""
    path = tmp_path / "scenario.yaml"
    path.write_text(PROMISED, encoding="utf-8")
    scenario = load_scenario(path)
    admin, read_only = scenario.permission_sets
    assert (admin.steps, admin.granted_to, admin.grant_ends) == ((), ("ada@example.com",), 28_800)
    assert read_only.steps == ("webhook", "approval")
    assert scenario.lifetimes.refresh_token == 90 * 86_400
    assert len(World(scenario, SimulatedClock()).entitlements) == 5_002


def test_ids_of_accounts_keep_their_zeros(tmp_path):
    """In quotes they are what was written; without quotes YAML has eaten them, which is told."""
    path = tmp_path / "scenario.yaml"
    path.write_text('accounts: [{id: "000000000012", name: A}]')
    assert load_scenario(path).accounts[0].id == "000000000012"
    path.write_text("accounts: [{id: 000000000012, name: A}]")
    with pytest.raises(ConfigurationError, match="twelve digits in quotes"):
        load_scenario(path)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("tenant: Acme Corp", "tenant is lower-case"),
        ('accounts: [{id: "200000000001", name: A}]\nbulk: {accounts: 1}', "twice"),
        ("users: [{email: a@b.c, client_id: x}, {email: d@e.f, client_id: x}]", "twice"),
        (SCENARIO.replace("wait", "[deny, approval]"), "'deny' ends a policy"),
        (SCENARIO.replace("8h", "999999d"), "hundred years"),
        (
            'accounts: [{id: "100000000001", name: A}, {id: "100000000002", name: A}]\n'
            "permission_sets: [{account: A, name: R}]",
            "several accounts 'A', give the id",
        ),
    ],
)
def test_parts_that_do_not_fit_together_are_told(tmp_path, text, told):
    """What couldn't work as it was meant is a mistake."""
    path = tmp_path / "scenario.yaml"
    path.write_text(text)
    with pytest.raises(ConfigurationError, match=told):
        load_scenario(path)


@pytest.mark.parametrize(
    ("role", "outcomes"),
    [
        ("Auto", {"cancelled"}),
        ("Human", set()),
        ("Waiting", set()),
        ("Asking", set()),
        ("Denied", set()),
    ],
)
async def test_a_cancelled_request_shows_the_step_that_it_left(client, role, outcomes):
    """The step is done without having been decided; nothing is approved, completed or answered."""
    task = await client.look(await client.request("Production", role))
    await act(client, task, "close")
    task = await client.look(task)
    assert task["type"]["grant"]["outcome"] == "GRANT_OUTCOME_CANCELLED"
    decided = {"approved", "denied", "completed", "succeeded", "timedOut", "cancelled", "errored"}
    assert decided & set(last_step(task)) == outcomes
    assert task["policy"]["current"] is None
    assert task["policy"]["next"] == []


@pytest.mark.parametrize("role", ["Human", "Waiting", "Asking", "Denied"])
async def test_an_escalated_request_skips_what_was_still_to_be_decided(client, role):
    """The emergency policy replaces the rest: the step is skipped, and provisioning follows."""
    task = await client.look(await client.request("Production", role))
    assert "TASK_ACTION_TYPE_ESCALATE_TO_EMERGENCY_ACCESS" in task["actions"]
    await act(client, task, "escalate")
    task = await client.look(task)
    assert task["emergencyAccess"]
    assert task["type"]["grant"]["outcome"] == "GRANT_OUTCOME_GRANTED"
    skipped = kind_of(task["policy"]["history"][0])
    assert role == "Denied" or skipped["skipped"]["userId"] == client.me.id


async def test_a_denial_is_shown_with_who_denied(client):
    """The approval's outcome names the approver."""
    grace = client.world.user_by_email("grace@example.com")
    task = await client.look(await client.request("Production", "Human"))
    await act(client, task, "deny", user=grace)
    assert last_step(await client.look(task))["denied"]["userId"] == grace.id


async def test_a_failed_provisioning_says_so(client):
    """The step carries the error; the task is closed with that outcome."""
    task = await client.request("Production", "Broken")
    for _ in range(2):
        task = await client.look(task)
    assert last_step(task)["errored"]["errorCode"]
    assert task["type"]["grant"]["outcome"] == "GRANT_OUTCOME_ERROR"


async def test_a_bound_form_comes_with_the_task_and_is_asked_first(client):
    """The answer to the request has the form, wherever the policy names it."""
    task = await client.request("Production", "Bound")
    assert [field["name"] for field in task["form"]["fields"]] == ["ticket", "remark"]
    await act(client, task, "update-request-data", {"data": {"ticket": "T-1"}})
    task = await client.look(task)
    assert (task["data"], task["form"]["id"] != "") == ({"ticket": "T-1"}, True)
    assert "approval" in task["policy"]["current"]
    answered = {"requestData": {"ticket": "T-2"}}
    grace = client.world.user_by_email("grace@example.com")
    other = await client.request("Production", "Bound", user=grace, **answered)
    assert other["form"]["fields"]
    assert "approval" in (await client.look(other, user=grace))["policy"]["current"]


async def test_an_answer_to_an_action_shows_the_task_as_it_was(client):
    """Close, comment, escalate and the form's answers: the change is seen at the next look."""
    task = await client.look(await client.request("Production", "Asking"))
    commented = await act(client, task, "comment", {"comment": "please"})
    assert commented["taskView"]["task"]["commentCount"] == 0
    assert (await client.look(task))["commentCount"] == 1
    closed = await act(client, task, "close")
    assert closed["taskView"]["task"]["state"] == "TASK_STATE_OPEN"
    assert closed["taskActionId"]
    path = f"/api/v1/tasks/{task['numericId']}/action/close"
    assert await client.refused("POST", path, {}) == (
        400,
        {"code": 9, "message": "task is closed", "details": []},
    )


async def test_what_was_not_asked_is_refused_as_not_permitted(client):
    """Data without a form that is due, and a stranger's cancellation."""
    task = await client.look(await client.request("Production", "Human"))
    path = f"/api/v1/tasks/{task['id']}/action"
    status, refusal = await client.refused(
        "POST", f"{path}/update-request-data", {"data": {"a": 1}}
    )
    assert (status, refusal["message"]) == (403, "action not permitted")


async def test_who_asks_for_somebody_may_not_approve_it_either(client):
    """Neither whom it is for nor who asked decides; where nobody is left, an unknown approver does."""
    grace = client.world.user_by_email("grace@example.com")
    body = client.grant_body("Production", "Human")
    answer = await client.call("POST", GRANT, body, user=grace)
    task = await client.look(answer["taskView"]["task"], user=grace)
    assert task["createdByUserId"] == grace.id
    assert not {grace.id, client.me.id} & set(task["stepApproverIds"])
    assert len(task["stepApproverIds"]) == 1
    client.world.decide_task(task["numericId"], "approve")
    assert await client.has("Production", "Human")


async def test_a_decision_has_the_time_at_which_it_fell(slow):
    """Not before the second look, and at its lag's end where that is later."""
    client, task = slow, await slow.request("Production", "Auto")
    await client.look(task)
    client.advance(100)
    assert (await client.look(task))["state"] == "TASK_STATE_CLOSED"
    granted = await client.binding("Production", "Auto")
    late = parse_timestamp(granted["createdAt"]) - parse_timestamp(task["createdAt"])
    assert timedelta(seconds=100) <= late < timedelta(seconds=110)
    other = await client.request("Production", "Waiting")
    for _ in range(2):
        await client.look(other)
    client.advance(100)
    closed = await client.look(other)
    end = parse_timestamp(closed["type"]["grant"]["outcomeTime"])
    assert end - parse_timestamp(other["createdAt"]) < timedelta(seconds=50)


async def test_where_a_request_comes_from_is_kept(client):
    """The source of a grant is what was sent; that of a revocation is who asked."""
    task = await client.request("Production", "Auto", source={"externalUrl": "https://x.example"})
    source = task["type"]["grant"]["source"]
    assert (source["externalUrl"], source["isExtension"]) == ("https://x.example", False)
    body = client.grant_body("Production", "Human")
    revoked = (await client.call("POST", "/api/v1/task/revoke", body))["taskView"]["task"]
    assert revoked["type"]["revoke"]["source"] == {"request": {"requestUserId": client.me.id}}


@pytest.mark.parametrize(
    ("change", "status"),
    [({"identityUserId": ""}, 500), ({}, 400)],
)
async def test_an_account_does_not_stand_for_its_person(client, change, status):
    """The account alone is not enough, and somebody else's isn't taken."""
    grace = client.world.user_by_email("grace@example.com")
    body = client.grant_body("Production", "Auto") | {"appUserId": grace.app_user_ids[0]} | change
    assert (await client.refused("POST", GRANT, body))[0] == status


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (GRANT, {"description": 5}),
        (GRANT, {"emergencyAccess": "yes"}),
        (GRANT, {"requestData": [1]}),
        (GRANT, {"source": "x"}),
        (TASKS, {"taskStates": "TASK_STATE_OPEN"}),
        (TASKS, {"taskStates": [1]}),
        (TASKS, {"taskTypes": ["grant"]}),
        (TASKS, {"refs": [["x"]]}),
        (TASKS, {"query": {}}),
        (TASKS, {"createdAfter": "yesterday"}),
        ("/api/v1/search/request_catalog/entitlements", {"expandMask": []}),
        ("/api/v1/search/request_catalog/entitlements", {"query": 1}),
        ("/api/v1/search/grants", {"entitlementRefs": [None]}),
        ("/api/v1/iam/personal_clients", {"scopedRoles": "all"}),
        ("/api/v1/iam/personal_clients", {"expires": "1h"}),
    ],
)
async def test_a_value_of_another_type_is_refused(client, path, body):
    """It is the caller's mistake and not a fault, and nothing is made."""
    if path == GRANT:
        body = client.grant_body("Production", "Auto") | body
    before = await client.call("GET", "/api/v1/iam/personal_clients")
    status, refusal = await client.refused("POST", path, body)
    assert (status, refusal["code"]) == (400, 3)
    assert client.world.tasks == {}
    assert len((await client.call("GET", "/api/v1/iam/personal_clients"))["list"]) == len(
        before["list"]
    )


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"revokeOutcomes": ["REVOKE_OUTCOME_REVOKED"]}, False),
        ({"grantOutcomes": ["GRANT_OUTCOME_UNSPECIFIED"]}, True),
        ({"certifyOutcomes": ["CERTIFY_OUTCOME_CERTIFIED"]}, False),
        ({"accessReviewIds": ["0" * 27]}, False),
        ({"createdBefore": "2020-01-01T00:00:00Z"}, False),
        ({"createdAfter": "2020-01-01T00:00:00Z"}, True),
        ({"outcomeAfter": "2020-01-01T00:00:00Z"}, False),
        ({"excludeAppEntitlementIds": ["0" * 27]}, True),
        ({"emergencyStatus": "NON_EMERGENCY"}, True),
        ({"emergency_status": "EMERGENCY"}, False),
        ({"task_types": [{"grant": {}}], "query": "grant production"}, True),
        ({"taskStates": [], "taskTypes": None}, True),
    ],
)
async def test_filters_of_the_task_search_are_all_obeyed(client, filters, found):
    """None of them is passed over in silence, in either spelling."""
    task = await client.look(await client.request("Production", "Human"))
    answer = await client.call("POST", TASKS, filters)
    assert [view["task"]["id"] for view in answer["list"]] == [task["id"]] * found


async def test_tasks_are_listed_the_newest_first_unless_asked(client):
    """By number, downwards; the other way round on demand."""
    for role in ("Human", "Waiting", "Asking"):
        await client.request("Production", role)

    async def numbers(**body):
        answer = await client.call("POST", TASKS, body)
        return [int(view["task"]["numericId"]) for view in answer["list"]]

    assert await numbers() == sorted(await numbers(), reverse=True)
    assert await numbers(sortBy="TASK_SEARCH_SORT_BY_TICKET_ID") == sorted(await numbers())


async def test_a_signature_that_is_spelt_otherwise_is_still_the_same(client):
    """The unused bits of its last character don't make a used assertion new."""
    form = client.assertion()
    head, _, signature = form["client_assertion"].rpartition(".")
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    other = alphabet[alphabet.index(signature[-1]) ^ 1]
    respelt = signature[:-1] + other
    assert base64.urlsafe_b64decode(respelt + "==") == base64.urlsafe_b64decode(signature + "==")
    assert (await client.token(**form)).status_code == 200
    form["client_assertion"] = f"{head}.{respelt}"
    assert (await client.token(**form)).status_code == 401


async def test_a_personal_client_keeps_its_limits(client):
    """Roles and networks that were asked for are listed; its id names the host that was called."""
    client.http.base_url = "https://127.0.0.1:9920"
    body = {
        "display_name": "Limited",
        "scopedRoles": ["r"],
        "allowSourceCidr": ["10.0.0.0/8"],
        "expires": "2592000s",
    }
    made = (await client.call("POST", "/api/v1/iam/personal_clients", body))["client"]
    assert (made["scopedRoles"], made["allowSourceCidr"]) == (["r"], ["10.0.0.0/8"])
    assert made["clientId"].endswith("@127.0.0.1:9920/pcc")
    life = parse_timestamp(made["expiresTime"]) - parse_timestamp(made["createdAt"])
    assert life == timedelta(days=30)


def test_paths_on_the_wire_are_cleaned():
    """A slash at the end, and a dot or a slash for an id, lead to the collection, without a bearer."""
    with running_simulator() as (url, _):
        connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=10)
        for path, target in (
            ("/api/v1/tasks/", "/api/v1/tasks"),
            ("/api/v1/tasks/.", "/api/v1/tasks"),
            ("/api/v1/tasks/%2F", "/api/v1/tasks"),
            ("/api/v1/apps//entitlements/x", "/api/v1/apps/entitlements/x"),
            ("/api/v1/apps/.?page_size=5", "/api/v1/apps?page_size=5"),
        ):
            connection.request("GET", path)
            answer = connection.getresponse()
            answer.read()
            assert (answer.status, answer.headers["location"]) == (301, target)
        connection.close()
