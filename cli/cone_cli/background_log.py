"""Log lines of the sidecar, written beside the event loop: a reader that stands still stops nobody."""

import logging
import sys
import threading
from types import TracebackType
from typing import Self, TextIO

FORMAT = "%(asctime)s %(levelname)s %(message)s"
MOST_LINES = 10_000
CLOSING_LIMIT_S = 2.0


class BackgroundLog(logging.Handler):
    """Write lines from a thread of its own; those that find no room are dropped and counted.

    A context manager: within its block it is the only handler of the root logger.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        super().__init__()
        self.setFormatter(logging.Formatter(FORMAT))
        self._stream = stream or sys.stderr
        self._changed = threading.Condition()
        self._lines: list[str] = []
        self._dropped = 0
        self._ended = False
        self._thread = threading.Thread(target=self._write, name="log", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        logging.basicConfig(handlers=[self], level=logging.INFO, force=True)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Write what is there, for two seconds at most."""
        logging.getLogger().removeHandler(self)
        with self._changed:
            self._ended = True
            self._changed.notify()
        self._thread.join(CLOSING_LIMIT_S)

    def emit(self, record: logging.LogRecord) -> None:
        """Take one line."""
        line = self.format(record) + "\n"
        with self._changed:
            if len(self._lines) < MOST_LINES:
                self._lines.append(line)
            else:
                self._dropped += 1
            self._changed.notify()

    def _write(self) -> None:
        while lines := self._take():
            try:
                self._stream.write(lines)
                self._stream.flush()
            except (OSError, ValueError):
                # There is nowhere left to say so.
                continue

    def _take(self) -> str:
        """Wait for lines; there are none any more once the block has ended."""
        with self._changed:
            while not (self._lines or self._ended):
                self._changed.wait()
            lines, self._lines = self._lines, []
            dropped, self._dropped = self._dropped, 0
        if dropped:
            lines.append(f"{dropped} lines were dropped: nobody read the log\n")
        return "".join(lines)
