"""Deciding, commenting and escalating: which step is decided, and what each refusal means."""

import pytest

from cone_sidecar.conductorone.task_actions import TaskActions
from cone_sidecar.errors import Unreachable, UpstreamRejected, UsageError
from fakes.scripted_api import ScriptedApi, refusal

PATH = "/api/v1/tasks/1234"
BEFORE = {"taskView": {"task": {"numericId": "1234"}}}


def seen(step="s1", *, state="TASK_STATE_OPEN", actions=(), **approval):
    """Return the answer that holds the task."""
    current = {"id": step, "approval": {"approval": {"users": {}} | approval}} if step else None
    task = {
        "id": "t" * 27,
        "numericId": "1234",
        "state": state,
        "policy": {"current": current},
        "actions": [f"TASK_ACTION_TYPE_{action}" for action in actions],
    }
    return {"taskView": {"task": task}, "expanded": []}


CLOSED = seen("", state="TASK_STATE_CLOSED")


def scripted(verb, *answers, looks):
    return ScriptedApi(**{PATH: looks, f"{PATH}/action/{verb}": answers})


async def refused(api, verb="approve", comment=""):
    """Decide, and return the error."""
    with pytest.raises(UpstreamRejected) as caught:
        await TaskActions(api).decide(verb, "1234", comment)
    return caught.value


@pytest.mark.parametrize("verb", ["approve", "deny"])
async def test_a_decision_is_about_the_step_that_is_due(verb):
    """The step's id goes with the decision, so that no other step is decided by mistake."""
    api = scripted(verb, BEFORE, looks=[seen("s1")])
    await TaskActions(api).decide(verb, "1234", "fine")
    body = {"policyStepId": "s1", "comment": "fine"}
    assert api.sent == [("GET", PATH, None), ("POST", f"{PATH}/action/{verb}", body)]


async def test_between_two_steps_a_request_can_be_denied_only():
    """Approving needs a step; denying ends the whole request and needs none."""
    api = scripted("deny", BEFORE, looks=[seen("")])
    await TaskActions(api).decide("deny", "1234", "")
    assert api.sent[-1][2] == {"comment": ""}
    error = await refused(scripted("approve", BEFORE, looks=[seen("")]))
    assert "nothing to approve yet" in error.message
    assert "cone task get 1234" in error.hint


async def test_a_closed_task_is_told_without_trying():
    """The state says that it is closed; nothing is sent."""
    api = scripted("approve", looks=[CLOSED])
    error = await refused(api)
    assert error.message == "task 1234 is closed: nothing can be done with it any more"
    assert [method for method, _, _ in api.sent] == ["GET"]


@pytest.mark.parametrize(
    ("status", "after", "told"),
    [
        (400, CLOSED, "is closed"),
        (400, seen("s2"), "has advanced to another step"),
        (409, seen(""), "has advanced to another step"),
        (403, seen(), "doesn't permit you to approve task 1234 (HTTP 403)"),
        (400, seen(actions=["COMMENT"]), "doesn't permit you to approve task 1234 (HTTP 400)"),
        (400, seen(actions=["APPROVE_WITH_STEP_UP"]), "a second sign-in"),
        (400, seen(requireApprovalReason=True), "wants a reason"),
        (400, seen(actions=["APPROVE"]), "(HTTP 400): any words"),
        (400, seen(), "(HTTP 400): any words"),
        (422, seen(), "(HTTP 422): any words"),
        (404, seen(), "no such task"),
        (403, refusal(404), "(HTTP 403): any words"),
    ],
)
async def test_a_refusal_is_explained_by_the_task_as_it_is_then(status, after, told):
    """Status and state say what happened, never the words of the answer."""
    error = await refused(scripted("approve", refusal(status, "any words"), looks=[seen(), after]))
    assert told in error.message
    assert "cone task" in error.hint or "page" in error.hint or "whoami" in error.hint


async def test_who_may_not_decide_is_told_who_may():
    """The usual mistake is to approve one's own request."""
    error = await refused(scripted("approve", refusal(403), looks=[seen()]))
    assert "nobody approves a request of their own" in error.hint
    assert "cone task get 1234" in error.hint


async def test_a_reason_that_was_given_is_not_asked_for():
    """A refusal with a comment has another cause."""
    looks = [seen(requireApprovalReason=True)]
    error = await refused(scripted("approve", refusal(400, "no"), looks=looks), comment="because")
    assert error.message.endswith("(HTTP 400): no")


async def test_a_decision_without_an_answer_may_have_arrived():
    """It isn't sent twice, and the hint says how to find out."""
    api = scripted("approve", Unreachable("gone"), looks=[seen()])
    with pytest.raises(Unreachable) as caught:
        await TaskActions(api).decide("approve", "1234", "")
    assert caught.value.hint == "it may have arrived all the same: cone task get 1234"
    assert len(api.sent) == 2


async def test_an_action_that_was_done_is_not_an_error_of_its_own():
    """When the task can't be read after it, that is what is said."""
    with pytest.raises(Unreachable) as caught:
        await TaskActions(ScriptedApi(**{PATH: [Unreachable("gone")]})).result("1234")
    assert caught.value.hint == "it was done; see how it stands: cone task get 1234"


async def test_comment_and_escalation_need_no_look_before():
    """Both go out as they are."""
    api = scripted("comment", BEFORE, looks=[seen()])
    await TaskActions(api).comment("1234", "hello")
    assert api.sent == [("POST", f"{PATH}/action/comment", {"comment": "hello"})]
    api = scripted("escalate", BEFORE, looks=[seen()])
    await TaskActions(api).escalate("1234")
    assert api.sent == [("POST", f"{PATH}/action/escalate", {})]


async def test_an_escalation_that_is_not_offered():
    """The person learns what has to be true for it."""
    api = scripted("escalate", refusal(400), looks=[seen(actions=["COMMENT"])])
    with pytest.raises(UpstreamRejected, match="permit you to escalate task 1234") as caught:
        await TaskActions(api).escalate("1234")
    assert "where emergency access is offered" in caught.value.hint


@pytest.mark.parametrize("task_id", ["", ".", "..", "/"])
async def test_what_can_not_be_a_task_is_never_sent(task_id):
    """A dot would be another path."""
    api = ScriptedApi()
    with pytest.raises(UsageError, match="this is no task"):
        await TaskActions(api).comment(task_id, "hello")
    assert api.sent == []


async def test_a_task_that_nobody_knows():
    """404, and 400 for an id of the wrong form, are the same mistake."""
    for status in (404, 400):
        error = await refused(ScriptedApi(**{PATH: [refusal(status)]}))
        assert (error.message, error.status) == ("ConductorOne has no such task", status)
    error = await refused(ScriptedApi(**{PATH: [{"taskView": None}]}))
    assert "without a task" in error.message
