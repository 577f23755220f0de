"""How access is asked for: durations, justifications and accounts, said or asked for."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cone_cli import access_terms
from cone_cli.grant_duration import duration_text, parse_duration
from cone_sidecar.errors import UsageError
from fakes.person import Person

HOUR = timedelta(hours=1)
ACCOUNTS = [
    {"id": "u1", "displayName": "Ada", "email": "ada@example.com"},
    {"id": "u2", "displayName": "Ada", "profile": {"aws_user_type": "root"}},
]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("12h", 43200), ("1w2d", 777600), ("2h45m", 9900), ("1.5h", 5400), ("90s", 90), ("0.5m", 30)],
)
def test_durations(text, seconds):
    """Numbers with their units, also with a fraction."""
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", " ", "1", "h", "-1h", "1 hour", "1y", "0h", "0.1s", "99999w"])
def test_what_is_no_duration(text):
    """The error shows how one is written."""
    with pytest.raises(UsageError) as caught:
        parse_duration(text)
    assert "1w2d" in caught.value.hint


@given(st.integers(1, 10**9))
def test_a_duration_that_is_written_can_be_read(seconds):
    """What the maximum is shown as may be typed."""
    span = timedelta(seconds=seconds)
    assert parse_duration(duration_text(span)) == span


def test_a_duration_over_the_maximum():
    """The original's sentence, which names the maximum."""
    with pytest.raises(UsageError) as caught:
        access_terms.duration(2 * HOUR, HOUR, None)
    assert caught.value.message == (
        "grant duration must be less than or equal to max provision time: 1h"
    )
    assert caught.value.exit_code == 2


def test_a_duration_that_nobody_says(capsys):
    """It is the maximum, which is said; where there is none, it is none."""
    assert access_terms.duration(None, HOUR, None) == HOUR
    assert "the maximum, 1h" in capsys.readouterr().err
    assert access_terms.duration(None, None, None) is None
    assert access_terms.duration(HOUR, None, None) == HOUR


def test_a_duration_that_is_asked_for():
    """Wrong ones are asked for again, unusual ones confirmed, and none is the maximum."""
    person = Person("soon", "9w", "1m", "n", "2h")
    assert access_terms.duration(None, timedelta(weeks=8), person) == 2 * HOUR
    assert person.shown[1:] == [
        "invalid duration 'soon'",
        "grant duration must be less than or equal to max provision time: 8w",
    ]
    assert access_terms.duration(None, HOUR, Person("")) == HOUR


def test_a_justification():
    """It is said, asked for, or missing."""
    assert access_terms.justification("why", None) == "why"
    assert access_terms.justification(" ", Person("", "why")) == "why"
    with pytest.raises(UsageError, match="please provide a justification"):
        access_terms.justification(" ", None)


def test_one_account_is_no_choice():
    """Nor is none: the tenant knows."""
    assert access_terms.account_id("", [], None) == ""
    assert access_terms.account_id("", ACCOUNTS[:1], None) == ""


def test_several_accounts():
    """The person chooses; without one, the error shows how."""
    person = Person("2")
    assert access_terms.account_id("", ACCOUNTS, person) == "u2"
    assert person.shown == [
        "this app has multiple users, please select any one",
        "  1) Ada, ada@example.com",
        "  2) Ada (root)",
    ]
    assert access_terms.account_id("u1", ACCOUNTS, None) == "u1"
    for given_id in ("", "u3"):
        with pytest.raises(UsageError) as caught:
            access_terms.account_id(given_id, ACCOUNTS, None)
        assert "--app-user-id u2    Ada (root)" in caught.value.hint
