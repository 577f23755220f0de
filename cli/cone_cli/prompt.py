"""Questions to a person, on the terminal; never on stdout, which is for data."""

import argparse
import contextlib
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from typing import IO, Protocol, Self

from cone_cli.terminal import printable
from cone_sidecar.errors import UsageError

TERMINAL = "/dev/tty"
YES, NO = frozenset({"y", "yes", "true"}), frozenset({"n", "no", "false"})


class Prompter(Protocol):
    """Whoever can be asked."""

    def say(self, text: str) -> None:
        """Show a line."""

    def line(self, question: str) -> str:
        """Ask for one line, which comes without its end and without spaces around it.

        Raises:
            UsageError: There is no more input.
        """

    def secret(self, question: str) -> str:
        """Ask for one line that isn't shown; raises as :meth:`line` does."""


class TerminalPrompter:
    """Ask on the terminal that this process was started from."""

    def __init__(self, source: IO[str], target: IO[str]) -> None:
        self._source = source
        self._target = target

    @classmethod
    @contextlib.contextmanager
    def opened(cls) -> "Iterator[Self | None]":
        """Open the terminal; gives None where no person sits in front of one."""
        reads, shows = sys.stdin.isatty(), sys.stderr.isatty()
        if reads and shows:
            yield cls(sys.stdin, sys.stderr)
            return
        if not (reads or shows):
            yield None
            return
        try:
            # One of the two is redirected, and the person is there all the same.
            with (
                open(TERMINAL, encoding=sys.stdin.encoding or "utf-8") as source,  # noqa: PTH123 -- a device
                open(TERMINAL, "w", encoding="utf-8") as target,  # noqa: PTH123 -- a device
            ):
                yield cls(source, target)
        except OSError:
            yield None

    def say(self, text: str) -> None:
        """Show a line."""
        self._show(text + "\n")

    def line(self, question: str) -> str:
        """Ask for one line."""
        # Before it is shown: whoever sees the question may press Ctrl-C at once.
        with _interruptible():
            self._show(question)
            text = self._source.readline()
        if not text:
            self._show("\n")
            raise UsageError(
                "the input ended before everything was answered",
                hint="answer, or say it by options: --help lists them",
            )
        return text.strip()

    def secret(self, question: str) -> str:
        """Ask for one line that isn't shown."""
        with _silent(self._source.fileno()):
            answer = self.line(question)
        self._show("\n")
        return answer

    def _show(self, text: str) -> None:
        with contextlib.suppress(OSError, ValueError):
            self._target.write(printable(text))
            self._target.flush()


@contextlib.contextmanager
def asked_person(args: argparse.Namespace) -> Iterator[Prompter | None]:
    """Give whom a command may ask; None where nobody is, or nobody wants to be."""
    if args.non_interactive:
        yield None
        return
    with TerminalPrompter.opened() as prompter:
        yield prompter


def choose(prompter: Prompter, title: str, options: Sequence[str], *, default: int = -1) -> int:
    """Let the person choose one of ``options``; returns its index.

    Args:
        prompter: Who is asked.
        title: What the choice is about.
        options: A line for each.
        default: The index that no answer means; -1 for none.
    """
    prompter.say(title)
    for number, option in enumerate(options, 1):
        prompter.say(f"  {number}) {option}")
    hint = f" [{default + 1}]" if default >= 0 else ""
    while True:
        answer = prompter.line(f"Number{hint}: ")
        if not answer and default >= 0:
            return default
        if answer.isascii() and answer.isdecimal() and 1 <= int(answer) <= len(options):
            return int(answer) - 1
        prompter.say(f"A number from 1 to {len(options)}, please.")


def confirm(prompter: Prompter, question: str, *, default: bool | None = None) -> bool:
    """Ask for a yes or no; no answer means ``default``, where there is one."""
    hint = {True: "Y/n", False: "y/N", None: "y/n"}[default]
    while True:
        answer = prompter.line(f"{question} [{hint}]: ").lower()
        if not answer and default is not None:
            return default
        if answer in YES | NO:
            return answer in YES
        prompter.say("Yes or no, please.")


@contextlib.contextmanager
def _interruptible() -> Iterator[None]:
    """Let Ctrl-C end the question: asyncio's handler would only note it, and the reading go on."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextlib.contextmanager
def _silent(descriptor: int) -> Iterator[None]:
    """Show nothing of what is typed."""
    import termios

    if not os.isatty(descriptor):
        yield
        return
    before = termios.tcgetattr(descriptor)
    quiet = [*before]
    quiet[3] &= ~termios.ECHO
    termios.tcsetattr(descriptor, termios.TCSADRAIN, quiet)
    try:
        yield
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
