"""The story as log lines: one for each turn, the same words for every profile."""

import logging

from cone_sidecar.domain.access import WAITS_FOR_A_PERSON, Cause, Phase, Transition
from cone_sidecar.printable_text import printable_text

logger = logging.getLogger(__name__)
# Again and again the same: what it is was said, and a caller who is refused gets a line of its own.
REPEATED = frozenset({Cause.LOOKED, Cause.CHECKED, Cause.KEPT, Cause.ENDED})


class TransitionLog:
    """Write a line when a profile's access moves on, and none for looks that find nothing new."""

    def __init__(self) -> None:
        self._last: dict[str, tuple[Phase, str]] = {}

    def hear(self, event: Transition) -> None:
        """Log ``event``."""
        state = event.state
        now = (state.phase, state.error.code if state.error else "")
        unchanged = self._last.get(event.profile) == now
        self._last[event.profile] = now
        if unchanged and event.cause in REPEATED:
            return
        details = [f"{state.phase} ({state.detail})" if state.detail else str(state.phase)]
        if state.task_number:
            details.append(f"task {state.task_number} {state.task_url}")
        if state.phase is Phase.SIGN_IN_REQUIRED:
            details.append(f"sign in at {state.sign_in_url} and compare the code {state.user_code}")
        if state.error:
            details.append(state.error.message)
        waits = state.phase in WAITS_FOR_A_PERSON or state.over
        waits = waits and event.cause is not Cause.STOPPED
        logger.log(
            logging.WARNING if waits else logging.INFO,
            'profile "%s": %s: %s',
            printable_text(event.profile),
            event.cause,
            printable_text(", ".join(details)),
        )
