"""What the log tells of refusals, and how often."""

import pytest

from cone_sidecar.errors import ApprovalRequired, RequestRefused, Unauthorized
from cone_sidecar.web.refusal_log import ALWAYS_TOLD, REMEMBERED_S, RefusalLog, told


@pytest.fixture(name="log")
def _log(clock):
    return RefusalLog(clock)


def lines_of(caplog):
    return [record.getMessage() for record in caplog.records]


def test_what_a_person_has_to_act_on_is_always_told(log, caplog):
    """Each answer of an access story is a line: nobody else shows it to its person."""
    for _ in range(50):
        log.refused("a", "/credentials/dev", ApprovalRequired("task 1 awaits approval"))
    assert (
        lines_of(caplog)
        == ["refused: /credentials/dev: ApprovalPending: task 1 awaits approval"] * 50
    )


@pytest.mark.parametrize("error", [Unauthorized("no token"), RequestRefused("a browser")])
def test_who_has_no_token_does_not_fill_the_log(log, caplog, error):
    """After the first ones of a minute, ever fewer are told of, with their number."""
    for number in range(1000):
        log.refused("a", f"/credentials/{number}", error)
    assert len(lines_of(caplog)) == ALWAYS_TOLD + 6
    assert lines_of(caplog)[-1].endswith("(512 times within a minute)")


def test_each_peer_and_reason_for_itself(log, clock, caplog):
    """Another peer, another reason or another minute is news."""
    for _ in range(ALWAYS_TOLD + 1):
        log.refused("a", "/", Unauthorized("no token"))
    caplog.clear()
    log.refused("a", "/", Unauthorized("no token"))
    assert lines_of(caplog) == []
    log.refused("b", "/", Unauthorized("no token"))
    log.refused("a", "/", Unauthorized("wrong token"))
    clock.advance(REMEMBERED_S + 1)
    log.refused("a", "/", Unauthorized("no token"))
    assert len(lines_of(caplog)) == 3


def test_of_a_million_it_tells_of_some_thirty():
    """The log grows with the logarithm."""
    assert len([times for times in range(1, 1_000_001) if told(times)]) < 30
