"""Audit lines on their way out: a bounded buffer, and one thread that writes what is in it."""

import logging
import sys
import threading
from pathlib import Path

from cone_sidecar.audit_output import AuditFile, AuditOutput, AuditStream
from cone_sidecar.clock import Clock, SystemClock, rfc3339
from cone_sidecar.errors import ConfigurationError

WRITE_EVERY_S = 0.1
RETRY_EVERY_S = 0.2
CLOSING_LIMIT_S = 2.0
# In characters, each of which is a byte. What comes while nothing can be written is kept up to MOST.
BIG = 64 * 1024
MOST = 2 * 1024 * 1024

logger = logging.getLogger(__name__)


def open_sink(text: str, clock: Clock | None = None) -> "AuditSink | None":
    """Open what ``--audit`` names: a file, ``stdout``, or None for ``off`` and where nothing is said.

    Raises:
        ConfigurationError: The file can't be written, or there is no stdout.
    """
    if text in {"", "off"}:
        return None
    output = _stdout() if text == "stdout" else AuditFile(Path(text))
    return AuditSink(output, clock or SystemClock())


def _stdout() -> AuditStream:
    if sys.__stdout__ is None:
        raise ConfigurationError("stdout is closed", hint="name a file: --audit F")
    return AuditStream(sys.__stdout__.fileno())


class AuditSink:
    """Take lines from the event loop, and write them beside it.

    A full disk or a reader that stands still holds nobody up: lines that find no room are dropped, and
    a line tells how many as soon as there is some.
    """

    def __init__(self, output: AuditOutput, clock: Clock) -> None:
        self._output = output
        self._clock = clock
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._lines: list[str] = []
        self._size = 0
        self._dropped = 0
        self._closing = False
        self._complained = False
        self._thread: threading.Thread | None = None

    def write(self, line: str) -> None:
        """Take one line of ASCII, its newline included. Never waits for the output, never raises."""
        with self._lock:
            size = self._size + len(line)
            if size > MOST or self._closing:
                self._dropped += 1
            else:
                self._lines.append(line)
                if self._size < BIG <= size or not self._size:
                    self._changed.notify()
                self._size = size
        if self._thread is None and not self._closing:
            self._start()

    def close(self) -> None:
        """Write what is there, for two seconds at most; lines that come later are dropped."""
        with self._lock:
            self._closing = True
            self._changed.notify()
        if self._thread is None:
            self._output.close()
        else:
            self._thread.join(CLOSING_LIMIT_S)

    def _start(self) -> None:
        thread = threading.Thread(target=self._run, name="audit", daemon=True)
        try:
            thread.start()
        except RuntimeError as error:
            # A container may be out of threads for now: the next line tries again.
            self._complain(str(error))
        else:
            self._thread = thread

    def _run(self) -> None:
        while True:
            batch, dropped = self._take()
            if not batch:
                break
            if dropped:
                self._complain("lines come faster than they can be written")
            if not self._deliver(memoryview(batch)):
                break
            if not (dropped or self._dropped):
                self._complained = False
        self._output.close()

    def _take(self) -> tuple[bytes, int]:
        """Wait for lines, and a little for more of them; nothing comes once the sink is closed."""
        with self._changed:
            while not self._lines and not self._closing:
                self._changed.wait()
            if self._size < BIG and not self._closing:
                self._changed.wait(WRITE_EVERY_S)
            lines, self._lines, self._size = self._lines, [], 0
            dropped, self._dropped = self._dropped, 0
        if dropped and lines:
            now = rfc3339(self._clock.now())
            lines.append(f'{{"time":"{now}","dropped":{dropped}}}\n')
        return "".join(lines).encode("ascii"), dropped

    def _deliver(self, batch: memoryview) -> bool:
        """Write all of ``batch``, however long it takes; tells whether it was done before the end."""
        done = 0
        while done < len(batch):
            try:
                if self._output.renewed():
                    # No file begins amid a line.
                    done = bytes(batch[:done]).rfind(b"\n") + 1
                done += self._output.write(batch[done:])
            except OSError as error:
                self._complain((error.strerror or "write failed").lower())
                if not self._retry():
                    return False
        return True

    def _retry(self) -> bool:
        """Wait before the next try; tells whether there is to be one: the last is made at the end."""
        with self._changed:
            if self._closing:
                return False
            self._changed.wait(RETRY_EVERY_S)
        return True

    def _complain(self, reason: str) -> None:
        """Say once what is wrong, until it is right again."""
        if not self._complained:
            self._complained = True
            logger.warning("audit lines are not written for now: %s", reason)
