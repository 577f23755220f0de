"""The exit code that a profile's view stands for (docs/errors.md)."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from cone_cli.access_survey import GRANTED as GRANTED_UNFETCHED
from cone_sidecar.domain.access import OPEN_TASK, SERVED, Phase
from cone_sidecar.errors import (
    AccessDenied,
    ApprovalRequired,
    ConeError,
    RequestFailed,
    RequestFormRequired,
    SignInRequired,
    StillProcessing,
    Unreachable,
)

# Granted: all that is left to do is AWS's.
GRANTED = frozenset({*SERVED, Phase.PROPAGATING})
FOR_A_PERSON: dict[str, type[ConeError]] = {
    Phase.AWAITING_APPROVAL: ApprovalRequired,
    Phase.SIGN_IN_REQUIRED: SignInRequired,
    Phase.FORM_REQUIRED: RequestFormRequired,
    Phase.AWAITING_REPAIR: RequestFailed,
}
# The worst first; of open requests, those that machines work on are the least.
BY_SEVERITY = [
    RequestFailed.exit_code,
    Unreachable.exit_code,
    AccessDenied.exit_code,
    RequestFormRequired.exit_code,
    SignInRequired.exit_code,
    ApprovalRequired.exit_code,
    0,
]


def exit_code(view: Mapping[str, Any]) -> int:
    """Return 0 for access, the code of what ended the story, or of whom an open request waits for."""
    if view.get("served"):
        return 0
    if error := view.get("error"):
        codes = {kind.code: kind.exit_code for kind in _tree(ConeError)}
        return codes.get(error["code"], ConeError.exit_code)
    state = view["state"]
    if state in GRANTED:
        return 0
    return FOR_A_PERSON.get(state, StillProcessing).exit_code


def is_granted(view: Mapping[str, Any]) -> bool:
    """Tell whether there is access, whoever has fetched credentials for it."""
    return bool(view.get("served")) or view["state"] in {*GRANTED, GRANTED_UNFETCHED}


def is_pending(view: Mapping[str, Any]) -> bool:
    """Tell whether access isn't there, and a request for it is open."""
    return not is_granted(view) and view["state"] in OPEN_TASK


def worst_of(views: Iterable[Mapping[str, Any]]) -> int:
    """Return the exit code that stands for all profiles; what is in work is less than any end."""
    views = list(views)
    ended = worst(exit_code(view) for view in views if not _in_work(view))
    return ended or max((exit_code(view) for view in views), default=0)


def worst(codes: Iterable[int]) -> int:
    """Return the exit code that stands for several errors."""
    return min(codes, key=_severity, default=0)


def _severity(code: int) -> int:
    return BY_SEVERITY.index(code) if code in BY_SEVERITY else 0


def _in_work(view: Mapping[str, Any]) -> bool:
    if error := view.get("error"):
        return bool(error["code"] == StillProcessing.code)
    return not view.get("served") and view["state"] not in {*GRANTED, *FOR_A_PERSON}


def _tree(kind: type[ConeError]) -> Iterator[type[ConeError]]:
    yield kind
    for narrower in kind.__subclasses__():
        yield from _tree(narrower)
