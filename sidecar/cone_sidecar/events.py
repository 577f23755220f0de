"""What happened, told to whoever listens; the story knows nobody."""

import logging
from collections.abc import Callable

from cone_sidecar.domain.access import Transition

logger = logging.getLogger(__name__)
Listener = Callable[[Transition], None]


class Broadcast:
    """Hand each event to every listener, in the order in which they came."""

    def __init__(self, *listeners: Listener) -> None:
        self._listeners = list(listeners)

    def listen(self, listener: Listener) -> None:
        """Add a listener."""
        self._listeners.append(listener)

    def emit(self, event: Transition) -> None:
        """Tell everyone."""
        for listener in self._listeners:
            try:
                listener(event)
            except Exception:  # the story goes on, whatever becomes of who listens
                logger.exception("a listener failed")
