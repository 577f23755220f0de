"""The promised texts of ``cone aws credentials``, byte for byte (user-story.md, reference §6.2)."""

from datetime import UTC, datetime

import pytest

from cone_cli.narration import Narrator, ending
from cone_sidecar.domain.access import AccessState, Cause, Phase, Transition
from cone_sidecar.errors import (
    AccessDenied,
    ApprovalRequired,
    RequestCancelled,
    RequestEnded,
    RequestFailed,
    RequestFormRequired,
    RequestTimedOut,
    StillProcessing,
)

NAME = "production-admin"
FORM = "cone get --app-id A --entitlement-id E"


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (
            ApprovalRequired("", task="1234"),
            'Request submitted for "production-admin" but requires approval.\n'
            "Check status: cone task get 1234\n"
            "Once approved, retry the command.",
        ),
        (
            ApprovalRequired("", task="1234", adopted=True),
            'A pending request already exists for "production-admin".\n'
            "Check status: cone task get 1234\n"
            "Once resolved, retry the command.",
        ),
        (
            ApprovalRequired("", adopted=True),
            'a pending request already exists for "production-admin". '
            "Check ConductorOne for status, then retry",
        ),
        (
            RequestFormRequired("", hint=FORM),
            'No active grant for "production-admin". This entitlement requires a request form — '
            f"request access with:\n  {FORM}",
        ),
        (
            RequestFormRequired("", hint=FORM, task="1234"),
            'request submitted for "production-admin" but requires form input. '
            f"Complete it with:\n  {FORM}",
        ),
        (AccessDenied(""), 'Access request for "production-admin" was denied'),
        (RequestCancelled(""), 'access request for "production-admin" was cancelled'),
        (
            RequestFailed(""),
            'access request for "production-admin" encountered an error. '
            "Check ConductorOne for details",
        ),
        (
            RequestTimedOut(""),
            'access request for "production-admin" completed with outcome: '
            "GRANT_OUTCOME_WAIT_TIMED_OUT",
        ),
        (
            RequestEnded("", outcome="GRANT_OUTCOME_NEW"),
            'access request for "production-admin" completed with outcome: GRANT_OUTCOME_NEW',
        ),
        (
            StillProcessing(""),
            'request for "production-admin" is still processing. Retry the command shortly',
        ),
    ],
)
def test_endings(error, text):
    """Each end has the text that users grep for."""
    assert ending(NAME, error) == text


class SilentTeletype:
    """No terminal."""

    there = False

    def write(self, text):
        """Swallow it."""


def test_an_auto_approved_request_reads_as_promised(capsys):
    """The lines of an auto-approved request come in order, with a dot for each look."""
    narrator = Narrator(SilentTeletype())
    state = AccessState(Phase.REQUESTING, task_number="1234")
    for cause in (
        Cause.ASKED,
        Cause.NO_GRANT,
        Cause.SUBMITTING,
        Cause.SUBMITTED,
        Cause.LOOKED,
        Cause.LOOKED,
        Cause.GRANTED,
        Cause.NOT_YET_IN_AWS,
        Cause.SERVED,
    ):
        narrator.hear(Transition(NAME, state, cause, datetime(2026, 1, 1, tzinfo=UTC)))
    captured = capsys.readouterr()
    assert captured.err == (
        'No active grant for "production-admin" — submitting access request...\n'
        "Access request submitted (task: 1234)\n"
        "..\n"
        "Access granted!\n"
        "Waiting for AWS permission to propagate...\n"
    )
    assert captured.out == ""
