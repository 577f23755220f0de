"""The search for tasks: filters as the API wants them, all pages, nothing that crashes."""

import json

import pytest

from cone_cli.commands import task_search
from cone_cli.dispatch import build_parser
from cone_sidecar.conductorone.task_search import SEARCH_PATH, search_tasks
from cone_sidecar.errors import UpstreamRejected, UsageError
from fakes.scripted_api import ScriptedApi


def parsed(*arguments):
    return build_parser().parse_args(["task", "search", *arguments])


def page(*numbers, following=""):
    views = [{"task": {"numericId": str(number)}} for number in numbers]
    return {"list": views, "expanded": [], "nextPageToken": following}


async def test_all_pages():
    """Each page is asked for by the token of the one before."""
    api = ScriptedApi(**{SEARCH_PATH: [page(3, 2, following="b"), page(1)]})
    found = await search_tasks(api, {"query": "x"})
    assert [view["task"]["numericId"] for view in found] == ["3", "2", "1"]
    assert [(body["query"], body["pageToken"]) for _, _, body in api.sent] == [
        ("x", ""),
        ("x", "b"),
    ]


async def test_pages_that_do_not_end():
    """A token that comes again is an error, not a loop."""
    api = ScriptedApi(**{SEARCH_PATH: [page(1, following="a"), page(2, following="a")]})
    with pytest.raises(UpstreamRejected, match="repeats a page"):
        await search_tasks(api, {})
    assert len(api.sent) == 2


@pytest.mark.parametrize("rows", [None, [], [None, 7]])
async def test_a_page_without_rows(rows):
    """Null, absent and foreign rows are no rows."""
    assert await search_tasks(ScriptedApi(**{SEARCH_PATH: [{"list": rows, "x": 1}]}), {}) == []


def test_nothing_asked_for_is_no_filter():
    """What isn't given isn't sent."""
    assert task_search.filters_of(parsed()) == {}
    assert task_search.filters_of(parsed("--state", "", "--task-type", "", "--query", "")) == {}


def test_filters():
    """Lists take commas and repetition, states both spellings, and types are objects."""
    arguments = (
        "--state CLOSED --task-type Revoke --query prod --app-id a,b --app-id c --include-deleted"
        " --app-entitlement-id e --app-resource-id r --app-resource-type-id t"
        " --app-user-subject-id u --access-review-id v --user-subject-id s --assignee-id g"
        " --opened-by o"
    )
    assert task_search.filters_of(parsed(*arguments.split())) == {
        "taskStates": ["TASK_STATE_CLOSED"],
        "taskTypes": [{"revoke": {}}],
        "query": "prod",
        "applicationIds": ["a", "b", "c"],
        "appEntitlementIds": ["e"],
        "appResourceIds": ["r"],
        "appResourceTypeIds": ["t"],
        "appUserSubjectIds": ["u"],
        "accessReviewIds": ["v"],
        "subjectIds": ["s"],
        "assigneesInIds": ["g"],
        "openerIds": ["o"],
        "includeDeleted": True,
    }
    assert parsed("--state", "task_state_open").state == "TASK_STATE_OPEN"


def test_one_call_does_not_remember_another():
    """The lists of one command line aren't those of the next."""
    assert parsed("--app-id", "a").applicationIds == ["a"]
    assert parsed().applicationIds == []


def test_me():
    """Where a person is asked for, ``me`` is the caller."""
    args = parsed("--assignee-id", "me,x", "--app-id", "me")
    assert task_search.asks_for_me(args)
    filters = task_search.with_me(task_search.filters_of(args), "u1")
    assert filters == {"assigneesInIds": ["u1", "x"], "applicationIds": ["me"]}
    assert not task_search.asks_for_me(parsed("--app-id", "me"))


@pytest.mark.parametrize("wrong", [("--state", "waiting"), ("--task-type", "offboarding"), ("x",)])
def test_wrong_arguments(wrong):
    """A filter that the original would silently drop is refused."""
    with pytest.raises(UsageError):
        parsed(*wrong)


def test_json_is_a_page_that_holds_everything(capsys):
    """It has the API's keys, and no token of a further page."""
    task_search.put_views("json", page(2, 1)["list"])
    assert json.loads(capsys.readouterr().out) == {
        "list": [{"task": {"numericId": 2}}, {"task": {"numericId": 1}}],
        "nextPageToken": "",
    }


def test_rows_of_tasks_that_lack_everything(capsys):
    """A view without a task has no row; a task without fields has an empty one."""
    task_search.put_views("wide", [{"task": None}, {}, {"task": {"state": "NEW"}}])
    lines = capsys.readouterr().out.splitlines()
    cells = [[cell.strip() for cell in line.split("|")] for line in lines]
    assert cells == [
        ["Id", "Display Name", "State", "Processing", "Emergency Access"],
        ["", "", "NEW", "Unknown Processing", ""],
    ]
