"""A case of the matrix, and what was seen of it."""

from collections.abc import Callable
from dataclasses import dataclass, field

from fakes.matrix_promise import Promise

COMMAND_LINE = "command line"
BOTO3 = "boto3"
FACES = (COMMAND_LINE, BOTO3)
ACCOUNT_NAME = "M"


@dataclass(frozen=True, slots=True)
class Case:
    """What is set up for a permission set of its own, and what is promised in each face.

    Args:
        name: The permission set's; tells what the case is.
        terms: The permission set in the scenario: its policy, who has it, its lags.
        arrangements: Called with the lane and the profile, one after the other, before anybody asks.
        promises: By face.
        cold: No access token to ConductorOne is at hand.
        session_ends: The AWS session doesn't outlive the case.
        requests: How many requests may have been made at its end, the next call's included.
        again: The next call, when nothing is wrong any more, is to be served.
        slow: It takes all the time there is, so it goes first.
    """

    name: str
    promises: dict[str, Promise]
    terms: dict[str, object] = field(default_factory=dict)
    arrangements: tuple[Callable[..., None], ...] = ()
    cold: bool = False
    session_ends: bool = False
    requests: int = 1
    again: bool = False
    slow: bool = False

    @property
    def profile(self):
        """Return the name that its permission set has as a profile."""
        return profile_of(self.name)


@dataclass(frozen=True, slots=True)
class Seen:
    """What came of a case in one face.

    ``code`` is the exit code or the HTTP status, ``words`` what stood on stderr or the error's code,
    ``calls`` how often each operation was called, ``made`` how many requests were made.
    """

    code: int
    words: str
    calls: dict[str, int]
    made: int
    again: int | None = None


def profile_of(name):
    """Return the name that the permission set ``name`` has as a profile."""
    return f"{ACCOUNT_NAME.lower()}-{name}"
