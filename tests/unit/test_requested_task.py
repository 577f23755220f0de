"""A task that a command asks for: created once or adopted, its forms answered once, never lost."""

from types import SimpleNamespace

import httpx
import pytest

from cone_cli.requested_task import RequestedTask
from cone_sidecar.conductorone.api_client import ApiError
from cone_sidecar.conductorone.request_schema import bound_form, waiting_form
from cone_sidecar.domain.profile import EntitlementRef
from cone_sidecar.errors import NotRequestable, RequestFormRequired, Unreachable, UpstreamRejected
from fakes.scripted_api import ScriptedApi, refusal

CREATE, SEARCH, TASK = "/api/v1/task/grant", "/api/v1/search/tasks", "/api/v1/tasks/t"
UPDATE = f"{TASK}/action/update-request-data"
BODY = {"appId": "a", "appEntitlementId": "e", "identityUserId": "me"}
FORM = {"fields": [{"name": "ticket", "required": True, "stringField": {}}]}
REF = EntitlementRef("a", "e")


def answer(**changes):
    task = {
        "id": "t",
        "numericId": "1234",
        "displayName": "Grant",
        "state": "TASK_STATE_OPEN",
        "createdAt": "2026-01-02T03:04:05Z",
    }
    return {"taskView": {"task": task | changes}}


def step(**kind):
    return {"policy": {"current": {"id": "s", **kind}}}


WAITING = answer(**step(form={"state": "FORM_INSTANCE_STATE_WAITING", "form": FORM}))
APPROVAL = answer(**step(approval={}))
CLOSED = answer(state="TASK_STATE_CLOSED", type={"grant": {"outcome": "GRANT_OUTCOME_GRANTED"}})


def duplicate(*details):
    content = {"code": 6, "message": "duplicate ticket found", "details": list(details)}
    return ApiError(httpx.Response(409, json=content))


def requested(clock, *, fill_in=lambda _: {"ticket": "x"}, **answers):
    """Give a task of an API with these answers, and the API."""
    api = ScriptedApi(**answers)
    return RequestedTask(SimpleNamespace(api=api), clock, "grant", fill_in), api


def posts(api, path):
    return [body for method, sent_to, body in api.sent if (method, sent_to) == ("POST", path)]


async def test_the_first_step_is_waited_for(clock, capsys):
    """A new task has none for a moment; what is printed is the task once it has one."""
    task, _ = requested(clock, **{CREATE: [answer()], TASK: [answer(), APPROVAL]})
    await task.create(BODY)
    assert await task.conclude("table", wait=False) == 0
    assert len(clock.slept) == 1
    printed = capsys.readouterr().out
    assert printed.splitlines()[:2] == [
        "Ticket URL: https://acme.conductor.one/task/1234",
        "Id           | 1234",
    ]


async def test_a_task_that_never_has_a_step(clock):
    """It is printed as it is after a few looks."""
    task, api = requested(clock, **{CREATE: [answer()], TASK: [answer()]})
    await task.create(BODY)
    assert await task.conclude("json", wait=False) == 0
    assert len(api.sent) == 4


@pytest.mark.parametrize("failure", [Unreachable("down"), refusal(404)])
async def test_a_look_that_fails_costs_nothing(clock, capsys, failure):
    """What the creation told is printed."""
    task, _ = requested(clock, **{CREATE: [answer()], TASK: [failure]})
    await task.create(BODY)
    assert await task.conclude("table", wait=False) == 0
    assert "1234" in capsys.readouterr().out


async def test_a_form_is_answered_once(clock):
    """Though what is read afterwards may still show it."""
    task, api = requested(
        clock, **{CREATE: [answer()], TASK: [WAITING, WAITING, WAITING, CLOSED], UPDATE: [answer()]}
    )
    await task.create(BODY)
    assert await task.conclude("json", wait=True) == 0
    assert posts(api, UPDATE) == [{"data": {"ticket": "x"}}]


@pytest.mark.parametrize("failure", [Unreachable("down"), refusal(400)])
async def test_answers_that_do_not_arrive(clock, failure):
    """It is an error, and not taken for a look that failed."""
    task, _ = requested(clock, **{CREATE: [answer()], TASK: [WAITING], UPDATE: [failure]})
    await task.create(BODY)
    with pytest.raises(type(failure)):
        await task.conclude("json", wait=False)


async def test_answers_that_cannot_be_had(clock, capsys):
    """The task is there, so it is printed before the error is."""

    def fill_in(form):
        raise RequestFormRequired("needed")

    task, _ = requested(clock, fill_in=fill_in, **{CREATE: [answer()], TASK: [WAITING]})
    await task.create(BODY)
    with pytest.raises(RequestFormRequired):
        await task.conclude("table", wait=False)
    assert "Ticket URL: https://acme.conductor.one/task/1234" in capsys.readouterr().out


async def test_a_duplicate_is_adopted(clock, capsys):
    """It is the one that the refusal names."""
    ref = {"@type": "type.googleapis.com/c1.api.task.v1.TaskRef", "id": "t"}
    task, _ = requested(clock, **{CREATE: [duplicate({"@type": "x"}, ref)], TASK: [APPROVAL]})
    await task.create(BODY)
    assert task.number == "1234"
    assert "a pending request already exists: task 1234" in capsys.readouterr().err


async def test_a_duplicate_without_a_name_is_searched_for(clock):
    """That of the same person, not one that they opened for another."""
    other = {"task": {"id": "o", "type": {"grant": {"identityUserId": "somebody"}}}}
    mine = {"task": {"id": "t", "type": {"grant": {"identityUserId": "me"}}}}
    task, _ = requested(
        clock, **{CREATE: [duplicate()], SEARCH: [{"list": [other, mine]}], TASK: [APPROVAL]}
    )
    await task.create(BODY)
    assert task.number == "1234"


async def test_a_duplicate_that_is_not_shown(clock):
    """The person is told, and sent to look for it."""
    task, _ = requested(clock, **{CREATE: [duplicate()], SEARCH: [{"list": []}]})
    with pytest.raises(UpstreamRejected, match="a pending request already exists"):
        await task.create(BODY)


async def test_what_is_open_is_found_before_anything_is_asked(clock):
    """A search that isn't allowed finds nothing."""
    row = {"task": {"id": "t"}}
    task, _ = requested(clock, **{SEARCH: [{"list": [row]}], TASK: [APPROVAL]})
    assert await task.adopt_open(BODY)
    for listed in ({"list": []}, refusal(403)):
        task, _ = requested(clock, **{SEARCH: [listed]})
        assert not await task.adopt_open(BODY)


async def test_a_request_that_may_have_arrived_is_not_made_twice(clock):
    """The task that was created meanwhile is the answer."""
    row = answer(createdAt=clock.now().isoformat())["taskView"]
    task, api = requested(clock, **{CREATE: [Unreachable("reset")], SEARCH: [{"list": [row]}]})
    await task.create(BODY)
    assert task.number == "1234"
    assert len(posts(api, CREATE)) == 1


async def test_a_request_that_did_not_arrive_is_made_again(clock):
    """Once."""
    task, api = requested(
        clock, **{CREATE: [Unreachable("reset"), answer()], SEARCH: [{"list": []}]}
    )
    await task.create(BODY)
    assert len(posts(api, CREATE)) == 2


async def test_not_requestable(clock):
    """A 403 says who may not."""
    task, _ = requested(clock, **{CREATE: [refusal(403)]})
    with pytest.raises(NotRequestable):
        await task.create(BODY)


@pytest.mark.parametrize(
    ("task", "waits"),
    [
        (WAITING, True),
        (answer(**step(form={"state": "SOMETHING_NEW"})), True),
        (answer(**step(form={"state": "FORM_INSTANCE_STATE_DONE"})), False),
        (answer(form=FORM), True),
        (answer(form=FORM, data={"ticket": "x"}), False),
        (answer(form={"fields": None}), False),
        (answer(form=FORM, **step(approval={})), False),
        (
            answer(
                form=FORM, actions=["TASK_ACTION_TYPE_UPDATE_REQUEST_DATA"], **step(approval={})
            ),
            True,
        ),
        (answer(form=FORM, state="TASK_STATE_CLOSED"), False),
        (answer(policy=None, form=[]), False),
    ],
)
def test_when_a_task_waits_for_answers(task, waits):
    """In a form step; or unanswered before the first step, or where it is allowed."""
    assert (waiting_form(task["taskView"]["task"]) is not None) is waits


BINDING, SCHEMA = "/api/v1/request_schema_entitlement_binding", "/api/v1/request_schemas/f"


@pytest.mark.parametrize(
    "binding", [refusal(404), refusal(403), {"requestSchemaId": ""}, {"entitlementRef": None}]
)
async def test_no_form_is_bound(binding):
    """404 is the API's word for none; a form that isn't shown is asked for by the task."""
    assert await bound_form(ScriptedApi(**{BINDING: [binding]}), REF) is None


async def test_a_form_is_bound():
    """It may hide the justification."""
    schema = {"form": FORM, "justificationVisibility": "JUSTIFICATION_VISIBILITY_HIDE"}
    api = ScriptedApi(**{BINDING: [{"requestSchemaId": "f"}], SCHEMA: [{"requestSchema": schema}]})
    form = await bound_form(api, REF)
    assert form.names == ["ticket"]
    assert form.hides_justification


async def test_another_refusal_is_an_error():
    """It says nothing about forms."""
    with pytest.raises(ApiError):
        await bound_form(ScriptedApi(**{BINDING: [refusal(400)]}), REF)
