"""The turns of one story: its state now, and who hears of each change."""

from collections.abc import Callable
from dataclasses import replace

from cone_sidecar.domain.access import AccessState, Cause

Publish = Callable[[AccessState, Cause], None]


class Turns:
    """Change the state field by field; ``publish`` hears of each turn."""

    def __init__(self, state: AccessState, publish: Publish) -> None:
        self.state = state
        self._publish = publish

    def take(self, cause: Cause, **changes: object) -> None:
        """Move on because of ``cause``."""
        self.state = replace(self.state, **changes)  # type: ignore[arg-type]  # checked by callers' tests
        self._publish(self.state, cause)
