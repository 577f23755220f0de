"""The audit line: who was answered what, and when, as one line of JSON per answer. Never a secret."""

from functools import lru_cache
from json.encoder import encode_basestring_ascii as quote
from typing import Protocol

from cone_sidecar.clock import Clock
from cone_sidecar.web.answered import Outcome

LONGEST_USER_AGENT = 200
# A client has one User-Agent, a profile a few outcomes: what was rendered once is there again.
MOST_USER_AGENTS = 256
MOST_OUTCOMES = 1024


class Lines(Protocol):
    """Where lines go: whoever takes them neither waits nor raises."""

    def write(self, line: str) -> None:
        """Take one line of ASCII, its newline included."""


class AuditLog:
    """Render each answer as one line, for ``sink``."""

    def __init__(self, sink: Lines, clock: Clock) -> None:
        self._sink = sink
        self._clock = clock
        self._second = 0
        self._printed_second = ""

    def hear(self, peer: str, user_agent: bytes, outcome: Outcome, request_id: str) -> None:
        """Write the line of one answer. What others chose is JSON in ASCII: no line can be forged."""
        now = self._clock.now()
        moment = now.timestamp()
        if self._second != int(moment):
            # Printing a time costs as much as all the rest of the line.
            self._second = int(moment)
            self._printed_second = now.strftime("%Y-%m-%dT%H:%M:%S")
        left = int(outcome.expires - moment) if outcome.expires else "null"
        self._sink.write(
            f'{{"time":"{self._printed_second}.{now.microsecond // 1000:03d}Z",'
            f'"request_id":{quote(request_id)},"peer":{quote(peer)},'
            f'"user_agent":{_user_agent(user_agent[:LONGEST_USER_AGENT])},'
            f'{_outcome(outcome)},"seconds_left":{left}}}\n'
        )


@lru_cache(MOST_USER_AGENTS)
def _user_agent(text: bytes) -> str:
    """Render a User-Agent; Latin-1 has a character for every byte (RFC 9110 §5.5)."""
    return _or_null(text.decode("latin-1"))


@lru_cache(MOST_OUTCOMES)
def _outcome(outcome: Outcome) -> str:
    return (
        f'"profile":{_or_null(outcome.profile)},"outcome":{quote(outcome.code)},'
        f'"status":{outcome.status:d},"key_id":{_or_null(outcome.key_id)},'
        f'"task":{_or_null(outcome.task)}'
    )


def _or_null(text: str) -> str:
    return quote(text) if text else "null"
