"""The audit line: one line of JSON per answer, whatever others put into it."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cone_sidecar.audit import AuditLog
from cone_sidecar.web.answered import Outcome
from fakes.clock import FakeClock

NOW = FakeClock().now().timestamp()
SERVED = Outcome("Served", 200, "prod", "MPLE", NOW + 3540.9, "1234")
REFUSED = Outcome("Unauthorized", 401)
KEYS = {
    "time",
    "request_id",
    "peer",
    "user_agent",
    "profile",
    "outcome",
    "status",
    "key_id",
    "task",
    "seconds_left",
}


class Lines(list):
    """Keep what is written."""

    write = list.append


@pytest.fixture(name="lines")
def _lines():
    return Lines()


@pytest.fixture(name="audit")
def _audit(lines, clock):
    return AuditLog(lines, clock)


def test_a_served_answer_is_told_in_full(audit, lines):
    """Every key is there, the time in UTC with milliseconds, the seconds left as a whole number."""
    audit.hear("127.0.0.1:52100", b"Boto3/1.40", SERVED, "6f2a")
    assert json.loads(lines[0]) == {
        "time": "2026-01-02T03:04:05.000Z",
        "request_id": "6f2a",
        "peer": "127.0.0.1:52100",
        "user_agent": "Boto3/1.40",
        "profile": "prod",
        "outcome": "Served",
        "status": 200,
        "key_id": "MPLE",
        "task": "1234",
        "seconds_left": 3540,
    }


def test_what_there_is_not_is_null(audit, lines):
    """A refusal has the same keys; those that nothing is known of are null."""
    audit.hear("unix", b"", REFUSED, "6f2a")
    line = json.loads(lines[0])
    assert line.keys() == KEYS
    nothing = {key for key, value in line.items() if value is None}
    assert nothing == {"user_agent", "profile", "key_id", "task", "seconds_left"}


def test_each_line_has_its_own_time(audit, lines, clock):
    """Lines of one second differ in their milliseconds, and the seconds left go down."""
    for step in (0.0, 0.0301, 0.9, 86400.0):
        clock.advance(step)
        audit.hear("unix", b"x", SERVED, "1")
    told = [json.loads(line) for line in lines]
    assert [line["time"] for line in told] == [
        "2026-01-02T03:04:05.000Z",
        "2026-01-02T03:04:05.030Z",
        "2026-01-02T03:04:05.930Z",
        "2026-01-03T03:04:05.930Z",
    ]
    assert [line["seconds_left"] for line in told[:3]] == [3540, 3540, 3539]


def test_another_outcome_of_the_same_profile_is_another_line(audit, lines):
    """What is kept of an outcome is kept of that one alone."""
    for outcome in (SERVED, replace(SERVED, key_id="WXYZ"), SERVED):
        audit.hear("unix", b"x", outcome, "1")
    assert [json.loads(line)["key_id"] for line in lines] == ["MPLE", "WXYZ", "MPLE"]


def test_a_long_user_agent_is_cut(audit, lines):
    """200 characters of it are kept, whatever bytes it has."""
    audit.hear("unix", b"\xff" * 16_000, REFUSED, "1")
    assert json.loads(lines[0])["user_agent"] == "\xff" * 200


@given(
    user_agent=st.binary(max_size=300),
    texts=st.lists(st.text(st.characters(exclude_categories=())), min_size=4, max_size=4),
)
def test_no_line_can_be_forged(user_agent, texts):
    """Whatever the caller sends, it is one line of printable ASCII that reads back as it was."""
    lines, (profile, request_id, peer, task) = Lines(), texts
    outcome = Outcome("Served", 200, profile, "MPLE", NOW + 60, task)
    AuditLog(lines, FakeClock()).hear(peer, user_agent, outcome, request_id)
    assert all(" " <= character <= "~" for character in lines[0][:-1])
    assert lines[0][-1] == "\n"
    line = json.loads(lines[0], object_pairs_hook=no_twice)
    assert line.keys() == KEYS
    # Two halves of one character are read as that character, and nothing else is changed.
    assert json.dumps([line["request_id"], line["peer"]]) == json.dumps([request_id, peer])
    assert line["user_agent"] == (user_agent[:200].decode("latin-1") or None)


def no_twice(pairs):
    """Refuse an object that has a key twice."""
    assert len({key for key, _ in pairs}) == len(pairs)
    return dict(pairs)


@pytest.mark.parametrize(
    "told",
    [
        b'x","outcome":"Served","x":"',
        b'\r\n{"outcome":"Served"}\r\n',
        b"\x00\x1b[2J\x7f",
        "\u2028".encode(),
    ],
)
def test_known_injections_stay_in_their_place(audit, lines, told):
    """Quotes, line ends, terminal codes and line separators are text of the User-Agent."""
    audit.hear("unix", told, REFUSED, "1")
    assert len(lines[0].splitlines()) == 1
    line = json.loads(lines[0], object_pairs_hook=no_twice)
    assert line["outcome"] == "Unauthorized"
    assert line["user_agent"] == told.decode("latin-1")
