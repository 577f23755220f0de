"""A command that runs as our child, as if it had been started without us.

It stays in the process group that the terminal talks to, with the streams that we were given. What the
terminal sends to the group reaches it without us; what is sent to us alone is passed on.
"""

import asyncio
import contextlib
import errno
import os
import shutil
import signal
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from cone_cli import terminal
from cone_sidecar.core_file import leave_no_core
from cone_sidecar.errors import UsageError

# As POSIX has shells say it (2.8.2 Exit Status for Commands).
NOT_EXECUTABLE = 126
NOT_FOUND = 127
KILLED = 128
# The terminal sends these to each process of its foreground group, the child included.
OF_THE_TERMINAL = (signal.SIGINT, signal.SIGQUIT, signal.SIGTSTP)
PASSED_ON = (
    signal.SIGTERM,
    signal.SIGHUP,
    signal.SIGUSR1,
    signal.SIGUSR2,
    signal.SIGWINCH,
    signal.SIGCONT,
    signal.SIGALRM,
)
# For these a group in the background is stopped. The child is; we stop because it did.
BACKGROUND = (signal.SIGTTIN, signal.SIGTTOU)
# What Python ignores, and nobody asked it to.
OF_PYTHON = (signal.SIGPIPE, signal.SIGXFSZ)


def cannot_start(name: str, error: OSError | None) -> int:
    """Say why a command can't be started; returns the exit code that shells have for it."""
    if isinstance(error, FileNotFoundError) and Path(name).exists():
        refusal = UsageError(
            f"the command \"{name}\" can't be started: its interpreter isn't there",
            hint="look at its first line",
        )
        exit_code = NOT_EXECUTABLE
    elif error is None or isinstance(error, FileNotFoundError):
        refusal = UsageError(f'no command "{name}" is there', hint="check its name, and PATH")
        exit_code = NOT_FOUND
    else:
        reason = (error.strerror or "it failed").lower()
        refusal = UsageError(
            f'the command "{name}" can\'t be started: {reason}',
            hint="name a program that you may execute",
        )
        exit_code = NOT_EXECUTABLE
    terminal.fail(refusal)
    return exit_code


def refuse_missing(name: str, environment: Mapping[str, str]) -> int:
    """Return 0 where a command can be found, before anybody is asked for access on its behalf."""
    path = environment.get("PATH", os.defpath)
    if shutil.which(name, path=path):
        return 0
    if ("/" in name and Path(name).exists()) or shutil.which(name, mode=os.F_OK, path=path):
        return cannot_start(name, PermissionError(errno.EACCES, os.strerror(errno.EACCES)))
    return cannot_start(name, None)


def replace_ourselves(command: Sequence[str], environment: Mapping[str, str]) -> int:
    """Become ``command``; returns an exit code where that can't be done."""
    for number in OF_PYTHON:
        signal.signal(number, signal.SIG_DFL)
    try:
        os.execvpe(command[0], list(command), dict(environment))  # noqa: S606 -- what the person asked for
    except OSError as error:
        return cannot_start(command[0], error)


class ChildCommand:
    """Run one command to its end, and pass on what it is meant to get."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self._command = command
        self._environment = environment
        self._pid = 0

    async def run(self) -> int:
        """Run it; returns its exit code, negative for the signal that it died of.

        Raises:
            OSError: It can't be started.
        """
        defaults = [*OF_PYTHON, *_not_ignored(BACKGROUND)]
        with self._passing_on():
            # posix_spawn, as no thread of ours is to be copied; descriptors of ours are closed by exec.
            self._pid = os.posix_spawnp(  # noqa: ASYNC221 -- it waits for exec alone
                self._command[0],
                list(self._command),
                dict(self._environment),
                setsigdef=defaults,
            )
            try:
                return await self._end()
            finally:
                self._pid = 0

    async def _end(self) -> int:
        while True:
            _, status = await asyncio.to_thread(_wait, self._pid)
            if not os.WIFSTOPPED(status):
                return os.waitstatus_to_exitcode(status)
            with _terminal() as descriptor:
                self._stop_alike(descriptor, os.WSTOPSIG(status))

    def _stop_alike(self, descriptor: int, number: int) -> None:
        """Stop as the child did, so that the shell takes note, and the terminal back; it continues us."""
        ours, its, foreground = os.getpgrp(), os.getpgid(self._pid), _foreground(descriptor)
        # Stopped in the background, for the terminal: of a job that goes on, fg continues nobody.
        if foreground not in {ours, its} and number not in BACKGROUND:
            return
        if foreground == its != ours:
            # A shell that suspends itself is in a group of its own: our shell asks after ours.
            os.tcsetpgrp(descriptor, ours)
        # To this very thread: nothing below happens before somebody continues us.
        signal.raise_signal(signal.SIGSTOP)
        if foreground == its != ours and _foreground(descriptor) == ours:
            os.tcsetpgrp(descriptor, its)

    @contextlib.contextmanager
    def _passing_on(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        numbers = _not_ignored((*OF_THE_TERMINAL, *PASSED_ON))
        for number in numbers:
            loop.add_signal_handler(number, self._pass_on, number)
        for number in BACKGROUND:
            signal.signal(number, signal.SIG_IGN)
        # Ignored by whoever started us, children would leave without a word.
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        try:
            yield
        finally:
            for number in numbers:
                loop.remove_signal_handler(number)

    def _pass_on(self, number: signal.Signals) -> None:
        if not self._pid or (number in OF_THE_TERMINAL and _in_foreground()):
            return
        # It isn't waited for by anybody else: the number stays its own until we have seen its end.
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._pid, number)


def end_alike(exit_code: int) -> int:
    """End as the child did: return its exit code, or die of the signal that it died of."""
    if exit_code >= 0:
        return exit_code
    number = -exit_code
    with contextlib.suppress(OSError, ValueError):
        # One core is enough, and ours has more secrets in it.
        leave_no_core()
        if number not in {signal.SIGKILL, signal.SIGSTOP}:
            signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
    # The first process of a container isn't killed by its own signals.
    return KILLED + number


def _not_ignored(numbers: Sequence[signal.Signals]) -> list[signal.Signals]:
    """Return those that we weren't started to ignore: what nohup ignores, the child is to ignore."""
    return [number for number in numbers if signal.getsignal(number) is not signal.SIG_IGN]


def _wait(pid: int) -> tuple[int, int]:
    return os.waitpid(pid, os.WUNTRACED)


def _in_foreground() -> bool:
    """Tell whether we are of the group that our terminal talks to."""
    with _terminal() as descriptor:
        return _foreground(descriptor) == os.getpgrp()


@contextlib.contextmanager
def _terminal() -> Iterator[int]:
    """Open the terminal that controls us; gives -1 where there is none."""
    try:
        descriptor = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError:
        yield -1
        return
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _foreground(descriptor: int) -> int:
    """Return the group that a terminal talks to, -1 where there is none."""
    try:
        return os.tcgetpgrp(descriptor)
    except OSError:
        return -1
