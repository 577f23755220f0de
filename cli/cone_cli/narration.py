"""The story in the original's words, on stderr and on the terminal (user-story.md, reference §6.2)."""

from cone_cli.credential_process import STILL_PROCESSING
from cone_cli.terminal import Teletype, error_text, say
from cone_sidecar.domain.access import WAITS_FOR_A_PERSON, AccessState, Cause, Transition
from cone_sidecar.domain.profile import Profile
from cone_sidecar.errors import (
    AccessDenied,
    ApprovalRequired,
    ConeError,
    ProfileIncomplete,
    RequestCancelled,
    RequestEnded,
    RequestFailed,
    RequestFormRequired,
    RequestTimedOut,
    StillProcessing,
)
from cone_sidecar.refusal import refusal


class Narrator:
    """Tell a person how the story goes on, as it happens.

    ``waiting_for`` is the profile of a person who waits for other people: for whom is said once.
    """

    def __init__(self, teletype: Teletype, *, waiting_for: Profile | None = None) -> None:
        self._teletype = teletype
        self._waiting_for = waiting_for
        self._in_dots = False
        self._told: set[object] = set()

    def hear(self, event: Transition) -> None:
        """Put an event into words, if it has any."""
        profile, state = event.profile, event.state
        match event.cause:
            case Cause.SUBMITTING:
                self._line(f'No active grant for "{profile}" — submitting access request...')
            case Cause.SUBMITTED:
                self._line(f"Access request submitted (task: {state.task_number})")
            case Cause.LOOKED if self._waiting_for and state.phase in WAITS_FOR_A_PERSON:
                self._wait(self._waiting_for, state)
            case Cause.LOOKED if not state.adopted:
                self._dot()
            case Cause.GRANTED:
                self._line("Access granted!")
            case Cause.NOT_YET_IN_AWS:
                self._line("Waiting for AWS permission to propagate...")
            case Cause.SESSION_ENDED:
                self._line("AWS SSO session expired. Logging in...")
            case Cause.SIGN_IN_OFFERED if self._teletype.there or self._waiting_for:
                self._teletype.open_page(state.sign_in_url)
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
        head, once, rest = text.partition("\nOnce ")
        # Whoever waited has read the rest before.
        self._line(f"Once {rest}" if once and head in self._told else text)
        return text

    def _wait(self, profile: Profile, state: AccessState) -> None:
        """Say what whoever doesn't wait is told, except to come back, and go on in dots."""
        if state.phase not in self._told:
            head = ending(profile.name, refusal(profile, state)).partition("\nOnce ")[0]
            self._told |= {state.phase, head}
            self._line(head)
        if state.approvers and state.approvers not in self._told:
            self._told.add(state.approvers)
            self._line(f"Waiting for {' or '.join(state.approvers)}")
        self._dot()

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


# As the guide prints them; what it leaves out, as the original does: in lower case (reference §6.2).
STATUS = "Check status: cone task get {task}"
APPROVAL = (
    'Request submitted for "{profile}" but requires approval.\n'
    f"{STATUS}\nOnce approved, retry the command."
)
ADOPTED = (
    'A pending request already exists for "{profile}".\n'
    f"{STATUS}\nOnce resolved, retry the command."
)
ADOPTED_UNSEEN = (
    'a pending request already exists for "{profile}". Check ConductorOne for status, then retry'
)
FORM = (
    'No active grant for "{profile}". This entitlement requires a request form — '
    "request access with:\n  {hint}"
)
FORM_STEP = 'request submitted for "{profile}" but requires form input. Complete it with:\n  {hint}'
ENDINGS: dict[type[ConeError], str] = {
    AccessDenied: 'Access request for "{profile}" was denied',
    RequestCancelled: 'access request for "{profile}" was cancelled',
    RequestFailed: (
        'access request for "{profile}" encountered an error. Check ConductorOne for details'
    ),
    RequestTimedOut: (
        'access request for "{profile}" completed with outcome: GRANT_OUTCOME_WAIT_TIMED_OUT'
    ),
    RequestEnded: 'access request for "{profile}" completed with outcome: {outcome}',
    StillProcessing: STILL_PROCESSING,
}


def ending(profile: str, error: ConeError) -> str:
    """Word the end of a story that gave no credentials."""
    template = _template(error)
    if template is None:
        return error_text(error)
    outcome = error.outcome if isinstance(error, RequestEnded) else ""
    return template.format(
        profile=profile,
        message=error.message,
        task=error.task,
        hint=error.hint,
        outcome=outcome,
    )


def _template(error: ConeError) -> str | None:
    match error:
        case ProfileIncomplete():
            return "{message}\ncone: hint: {hint}"
        case ApprovalRequired(task=""):
            return ADOPTED_UNSEEN
        case ApprovalRequired():
            return ADOPTED if error.adopted else APPROVAL
        case RequestFormRequired():
            return FORM_STEP if error.task else FORM
        case _:
            return ENDINGS.get(type(error))
