"""``cone task search``: the requests for access that the filters let through."""

import argparse
from collections.abc import Mapping, Sequence
from typing import Any

from cone_cli.option_variables import take_variables
from cone_cli.output import add_output_option, put_list
from cone_cli.task_rows import COLUMNS, WIDE_COLUMNS, task_row, wide_task_row

EXAMPLE = "example: cone task search --state open --assignee-id me"

STATES = {
    "": "",
    "open": "TASK_STATE_OPEN",
    "closed": "TASK_STATE_CLOSED",
    "task_state_open": "TASK_STATE_OPEN",
    "task_state_closed": "TASK_STATE_CLOSED",
}
TYPES = ("", "grant", "revoke", "certify")
ME = "me"
# Option, field of the search, what it filters by. Each may be repeated, and takes a list with commas.
ID_FILTERS = (
    ("--app-id", "applicationIds", "the app that access is asked for"),
    ("--app-entitlement-id", "appEntitlementIds", "the entitlement that is asked for"),
    ("--app-resource-id", "appResourceIds", "the resource that access is asked for"),
    ("--app-resource-type-id", "appResourceTypeIds", "the type of that resource"),
    ("--app-user-subject-id", "appUserSubjectIds", "the account that gets access"),
    ("--access-review-id", "accessReviewIds", "the access review that the task belongs to"),
)
PERSON_FILTERS = (
    ("--user-subject-id", "subjectIds", "the person who gets access"),
    ("--assignee-id", "assigneesInIds", "who has to decide now"),
    ("--opened-by", "openerIds", "who made the request"),
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("--query", metavar="TEXT", default="", help="words of the task")
    parser.add_argument(
        "--state", metavar="STATE", type=_state, default="", help="open or closed; both when absent"
    )
    parser.add_argument(
        "--task-type",
        metavar="TYPE",
        type=_task_type,
        default="",
        help="grant, revoke or certify; all when absent",
    )
    for option, field, help_text in ID_FILTERS:
        _add_ids(parser, option, field, help_text, metavar="ID")
    for option, field, help_text in PERSON_FILTERS:
        _add_ids(parser, option, field, f"{help_text}: an id, or {ME}", metavar="USER")
    parser.add_argument("--include-deleted", action="store_true", help="also deleted tasks")
    add_output_option(parser)
    take_variables(parser)


def run(args: argparse.Namespace) -> int:
    """Print the tasks; returns the exit code."""
    from cone_cli.composition import run_async

    return run_async(_search(args))


async def _search(args: argparse.Namespace) -> int:
    from cone_cli.composition import open_tenant
    from cone_sidecar.conductorone.task_search import search_tasks

    async with open_tenant(args, source="cone:task:search") as tenant:
        filters = filters_of(args)
        if asks_for_me(args):
            filters = with_me(filters, await tenant.user_id())
        views = await search_tasks(tenant.api, filters)
    put_views(args.output, views)
    return 0


def put_views(output: str, views: Sequence[Mapping[str, Any]]) -> None:
    """Print what was found; JSON is the API's own answer, with all pages in one."""
    from cone_sidecar.conductorone.task_view import task_in

    tasks = [task for view in views if (task := task_in(view))]
    put_list(
        output,
        {"list": views, "nextPageToken": ""},
        COLUMNS,
        [task_row(task) for task in tasks],
        wide_columns=WIDE_COLUMNS,
        wide_rows=[wide_task_row(task) for task in tasks],
    )


def filters_of(args: argparse.Namespace) -> dict[str, object]:
    """Return the fields of the search; what isn't asked for is left out."""
    filters: dict[str, object] = {
        field: getattr(args, field) for _, field, _ in (*ID_FILTERS, *PERSON_FILTERS)
    }
    filters["query"] = args.query
    filters["taskStates"] = [args.state] if args.state else []
    # Objects, of which each says by its one key what it is (reference §4.3).
    filters["taskTypes"] = [{args.task_type: {}}] if args.task_type else []
    filters["includeDeleted"] = args.include_deleted
    return {field: value for field, value in filters.items() if value}


def asks_for_me(args: argparse.Namespace) -> bool:
    """Tell whether a filter names the caller."""
    return any(ME in getattr(args, field) for _, field, _ in PERSON_FILTERS)


def with_me(filters: dict[str, object], user_id: str) -> dict[str, object]:
    """Put the caller's id where a filter says ``me``."""
    people = {field for _, field, _ in PERSON_FILTERS}
    return {
        field: [user_id if each == ME else each for each in value]
        if field in people and isinstance(value, list)
        else value
        for field, value in filters.items()
    }


def _add_ids(
    parser: argparse.ArgumentParser, option: str, field: str, help_text: str, *, metavar: str
) -> None:
    parser.add_argument(
        option,
        dest=field,
        metavar=metavar,
        action=_Ids,
        type=_ids,
        default=[],
        help=help_text,
    )


class _Ids(argparse.Action):
    """Gather the ids of an option that may be repeated; what stands for it otherwise counts no more."""

    def __call__(self, *used: Any) -> None:  # noqa: ANN401 -- argparse's own
        """Add what one use of the option says."""
        _, namespace, values, *_ = used
        told = getattr(namespace, self.dest)
        setattr(namespace, self.dest, [*([] if told is self.default else told), *values])


def _ids(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _state(text: str) -> str:
    if text.lower() not in STATES:
        raise argparse.ArgumentTypeError(f"{text!r} is neither open nor closed")
    return STATES[text.lower()]


def _task_type(text: str) -> str:
    if text.lower() not in TYPES:
        raise argparse.ArgumentTypeError(f"{text!r} is neither grant, revoke nor certify")
    return text.lower()
