"""The story in the original's words, on stderr and on the terminal (user-story.md, reference §6.2)."""

from cone_cli.terminal import Teletype, error_text, say
from cone_sidecar.domain.access import Cause, Transition
from cone_sidecar.errors import (
    AccessDenied,
    ApprovalRequired,
    ConeError,
    RequestCancelled,
    RequestEnded,
    RequestFailed,
    RequestFormRequired,
    RequestTimedOut,
    StillProcessing,
)


class Narrator:
    """Tell a person how the story goes on, as it happens."""

    def __init__(self, teletype: Teletype) -> None:
        self._teletype = teletype
        self._in_dots = False

    def hear(self, event: Transition) -> None:
        """Put an event into words, if it has any."""
        profile, state = event.profile, event.state
        match event.cause:
            case Cause.NO_GRANT:
                self._line(f'No active grant for "{profile}" — submitting access request...')
            case Cause.SUBMITTED:
                self._line(f"Access request submitted (task: {state.task_number})")
            case Cause.LOOKED if not state.adopted:
                self._dot()
            case Cause.GRANTED:
                self._line("Access granted!")
            case Cause.NOT_YET_IN_AWS:
                self._line("Waiting for AWS permission to propagate...")
            case Cause.SESSION_ENDED:
                self._line("AWS SSO session expired. Logging in...")
            case Cause.SIGN_IN_OFFERED:
                self._line(
                    "Sign in to AWS at:\n"
                    f"{state.sign_in_url}\n"
                    f"and compare the code: {state.user_code}"
                )
            case _:
                pass

    def conclude(self, profile: str, error: ConeError) -> str:
        """Print how it ended, and return the text for the processes that waited for this one."""
        text = ending(profile, error)
        self._line(text)
        return text

    def _dot(self) -> None:
        self._write(".", end="")
        self._in_dots = True

    def _line(self, text: str) -> None:
        if self._in_dots:
            self._write("")
            self._in_dots = False
        self._write(text)

    def _write(self, text: str, end: str = "\n") -> None:
        say(text, end=end)
        self._teletype.write(text + end)


def ending(profile: str, error: ConeError) -> str:
    """Word the end of a story that gave no credentials."""
    status = f"Check status: cone task get {error.task}"
    match error:
        case ApprovalRequired(adopted=True) if error.task:
            return (
                f'A pending request already exists for "{profile}".\n{status}\n'
                "Once resolved, retry the command."
            )
        case ApprovalRequired() if error.task:
            return (
                f'Request submitted for "{profile}" but requires approval.\n{status}\n'
                "Once approved, retry the command."
            )
        case ApprovalRequired():
            return (
                f'A pending request already exists for "{profile}". '
                "Check ConductorOne for status, then retry"
            )
        case RequestFormRequired() if error.task:
            return (
                f'Request submitted for "{profile}" but requires form input. '
                f"Complete it with:\n  {error.hint}"
            )
        case RequestFormRequired():
            return (
                f'No active grant for "{profile}". This entitlement requires a request form — '
                f"request access with:\n  {error.hint}"
            )
        case AccessDenied():
            return f'Access request for "{profile}" was denied'
        case RequestCancelled():
            return f'Access request for "{profile}" was cancelled'
        case RequestFailed():
            return (
                f'Access request for "{profile}" encountered an error. '
                "Check ConductorOne for details"
            )
        case RequestTimedOut():
            return (
                f'Access request for "{profile}" completed with outcome: '
                "GRANT_OUTCOME_WAIT_TIMED_OUT"
            )
        case RequestEnded():
            return f'Access request for "{profile}" completed with outcome: {error.outcome}'
        case StillProcessing():
            return f'Request for "{profile}" is still processing. Retry the command shortly'
        case _:
            return error_text(error)
