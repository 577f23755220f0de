"""Wait for a task's end, and tell of it in the original's words."""

from collections.abc import Awaitable, Callable

from cone_cli.terminal import note, say
from cone_sidecar.clock import Clock
from cone_sidecar.conductorone.task_view import TaskJson, is_closed, outcome_name
from cone_sidecar.errors import AccessDenied, RequestEnded, Unreachable
from cone_sidecar.pace import task_delays

# The word that ends well, and the sentence for it; the spelling is the original's.
SUCCESSES = {
    "grant": ("GRANT_OUTCOME_GRANTED", "Entitlement granted successfully."),
    "revoke": ("REVOKE_OUTCOME_REVOKED", "Entitlement revoked succesfully."),
}
DENIED = "_OUTCOME_DENIED"
UNSPECIFIED = "_OUTCOME_UNSPECIFIED"


async def closed_task(look: Callable[[], Awaitable[TaskJson]], clock: Clock) -> TaskJson:
    """Look at a task until it is closed, however long people take; returns it then.

    A look that fails is no end: the next one may succeed.

    Raises:
        LoginRequired: ConductorOne doesn't know us any more.
        UpstreamRejected: It refuses to show the task.
    """
    say("Waiting for ticket to close.")
    delays = task_delays()
    failing = False
    while True:
        try:
            task = await look()
        except Unreachable as error:
            if not failing:
                note(f"{error.message}; still waiting")
            failing = True
        else:
            failing = False
            if is_closed(task):
                return task
        await clock.sleep(next(delays))


def tell_end(task: TaskJson) -> int:
    """Say how a closed task ended; returns the exit code, which is that of the error for its outcome."""
    kind, outcome = outcome_name(task)
    if kind not in SUCCESSES:
        return 0
    success, sentence = SUCCESSES[kind]
    if outcome == success:
        say(sentence)
        return 0
    say(f"Failed to {kind} entitlement {outcome or kind.upper() + UNSPECIFIED}")
    return AccessDenied.exit_code if is_denied(task) else RequestEnded.exit_code


def is_denied(task: TaskJson) -> bool:
    """Tell whether a person or the policy said no."""
    return outcome_name(task)[1].endswith(DENIED)
