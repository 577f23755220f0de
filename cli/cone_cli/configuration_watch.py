"""When the configuration is read again: on SIGHUP, and when one of its files has changed."""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

from cone_cli.configuration import Configuration
from cone_sidecar.clock import Clock
from cone_sidecar.errors import ConeError
from cone_sidecar.problems import Problems
from cone_sidecar.warm_file import file_stamp

LOOK_EVERY_S = 1.0
# Beside a stamp: another file has its name by now, and a mount of this one alone will never show it.
REPLACED = " replaced"
logger = logging.getLogger("cone_sidecar")


class ConfigurationWatch:
    """Read again what may have changed, and hand it on if it is right as a whole.

    Where something is wrong with it, all of that is said in the log, and everything stays as it was.
    """

    def __init__(
        self,
        now: Configuration,
        read: Callable[[], Configuration],
        change: Callable[[Configuration], None],
        clock: Clock,
    ) -> None:
        """Watch the files of ``now``; ``read`` reads all of it anew, ``change`` makes it true."""
        self._now = now
        self._read = read
        self._change = change
        self._clock = clock
        self._asked = asyncio.Event()
        self._stamps = self._look()
        self._moving: dict[Path, str] = {}

    def ask(self) -> None:
        """Have it read again now, changed or not."""
        self._asked.set()

    async def run(self) -> None:
        """Look each second, until cancelled."""
        while True:
            await self._pause()
            try:
                if self._asked.is_set() or self._settled():
                    self._asked.clear()
                    self._read_again()
            except Exception:  # the sidecar goes on with what it was told before
                logger.exception("the configuration could not be read again")

    async def _pause(self) -> None:
        """Wait for the next look, or until somebody asks."""
        tasks = [
            asyncio.create_task(wait)
            for wait in (self._clock.sleep(LOOK_EVERY_S), self._asked.wait())
        ]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)

    def _settled(self) -> bool:
        """Tell whether a file has changed, and has stayed as it is since the last look.

        Who writes it in place is given that time: what is half written may look right.
        """
        seen = self._look()
        changed = seen != self._stamps
        settled = changed and seen == self._moving
        self._moving = seen
        return settled

    def _look(self) -> dict[Path, str]:
        return {path: file_stamp(str(path)) + _replaced(path) for path in self._now.files}

    def _read_again(self) -> None:
        # Whatever is written from here on is seen at the next look.
        before, self._stamps = self._stamps, self._look()
        for path, stamp in self._stamps.items():
            if stamp.endswith(REPLACED) and not before.get(path, "").endswith(REPLACED):
                logger.warning(
                    "%s was replaced where it is mounted from, and is the old one here; "
                    "restart the container, or mount its directory",
                    path,
                )
        problems = Problems()
        with problems.noted():
            self._now = self._read()
            self._stamps = self._look() | {
                path: stamp for path, stamp in self._stamps.items() if path in self._now.files
            }
            self._change(self._now)
        for error in problems.errors:
            logger.error("the configuration stays as it was: %s", _line(error))


def _replaced(path: Path) -> str:
    """Return the mark of a file that has no name any more: editors write another and rename it."""
    try:
        return "" if path.stat().st_nlink else REPLACED
    except OSError:
        return ""


def _line(error: ConeError) -> str:
    return f"{error.message}; {error.hint}" if error.hint else error.message
