"""Signals in the instant of start: none of them kills a sidecar that is told to read its files again."""

import signal
from types import FrameType


class EarlySignals:
    """What came before the event loop listens.

    SIGHUP is remembered, where by default it would kill. SIGTERM ends the process at once and in order: by
    default the first process of a container wouldn't even notice (pid_namespaces(7)).
    """

    def __init__(self) -> None:
        self.hung_up = False

    def listen(self) -> None:
        """Take the signals from now on."""
        signal.signal(signal.SIGHUP, self._hang_up)
        signal.signal(signal.SIGTERM, _end)

    def _hang_up(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        self.hung_up = True


def _end(number: int, frame: FrameType | None) -> None:
    del number, frame
    raise SystemExit(0)


early_signals = EarlySignals()
