"""What was answered, told to those who keep count of it."""

from collections.abc import Callable
from dataclasses import dataclass


# Compared by identity: hashing all fields for each audit line would cost as much as the line.
@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """Say what is the same for all answers of one kind: made once per cached answer, and per refusal."""

    code: str
    """``Served``, else the error's code."""
    status: int
    profile: str = ""
    key_id: str = ""
    """The last four characters of the access key id."""
    expires: float = 0.0
    """Seconds since the epoch; 0 where nothing was served."""
    task: str = ""


Hear = Callable[[str, bytes, Outcome, str], None]
"""Told of an answer: the peer (``127.0.0.1:52100`` or ``unix``), the User-Agent, the outcome, the
request's id. Called on the event loop for every answer: it neither waits nor raises."""
