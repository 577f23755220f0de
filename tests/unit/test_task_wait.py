"""Waiting for a task's end, and the words and exit codes for it."""

import pytest

from cone_cli.task_wait import closed_task, tell_end
from cone_sidecar.errors import LoginRequired, Unreachable, UpstreamRejected

OPEN = {"state": "TASK_STATE_OPEN"}
CLOSED = {"state": "TASK_STATE_CLOSED"}


def looking(*seen):
    """Return a look at the task that sees one of these after the other."""
    left = list(seen)

    async def look():
        found = left.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    return look


async def test_the_first_look_is_at_once(clock, capsys):
    """Nobody waits for a task that is closed already."""
    assert await closed_task(looking(CLOSED), clock) == CLOSED
    assert clock.slept == []
    assert capsys.readouterr().err == "Waiting for ticket to close.\n"


async def test_a_wait_goes_on_until_the_task_is_closed(clock):
    """Also for hours, with growing pauses; an open task's outcome is no end."""
    failed = OPEN | {"type": {"grant": {"outcome": "GRANT_OUTCOME_ERROR"}}}
    looks = [OPEN, {}, {"state": "TASK_STATE_NEW"}, *[failed] * 300, CLOSED]
    assert await closed_task(looking(*looks), clock) == CLOSED
    assert clock.slept[0] <= 0.5
    assert 20 < clock.slept[-1] <= 30


async def test_failed_looks_are_no_end(clock, capsys):
    """They are told once for each outage."""
    down = Unreachable("ConductorOne can't be reached")
    looks = [down, down, OPEN, down, CLOSED]
    assert await closed_task(looking(*looks), clock) == CLOSED
    told = capsys.readouterr().err.splitlines()[1:]
    assert told == ["cone: ConductorOne can't be reached; still waiting"] * 2


@pytest.mark.parametrize("error", [LoginRequired("who are you"), UpstreamRejected("no")])
async def test_what_no_waiting_mends_ends_the_wait(clock, error):
    """A definite refusal is raised."""
    with pytest.raises(type(error)):
        await closed_task(looking(OPEN, error), clock)


@pytest.mark.parametrize(
    ("kinds", "text", "code"),
    [
        ({"grant": {"outcome": "GRANT_OUTCOME_GRANTED"}}, "Entitlement granted successfully.", 0),
        ({"revoke": {"outcome": "REVOKE_OUTCOME_REVOKED"}}, "Entitlement revoked succesfully.", 0),
        (
            {"grant": {"outcome": "GRANT_OUTCOME_DENIED"}},
            "Failed to grant entitlement GRANT_OUTCOME_DENIED",
            5,
        ),
        (
            {"revoke": {"outcome": "REVOKE_OUTCOME_ERROR"}},
            "Failed to revoke entitlement REVOKE_OUTCOME_ERROR",
            1,
        ),
        ({"grant": {"outcome": "NEW"}}, "Failed to grant entitlement NEW", 1),
        ({"grant": {}}, "Failed to grant entitlement GRANT_OUTCOME_UNSPECIFIED", 1),
        ({"certify": {"outcome": "CERTIFY_OUTCOME_CERTIFIED"}}, "", 0),
        (None, "", 0),
    ],
)
def test_ends(capsys, kinds, text, code):
    """The original's sentence on stderr, and the exit code of the outcome's error."""
    assert tell_end({"type": kinds}) == code
    assert capsys.readouterr().err.strip() == text
