"""What is said to a person, and where.

Data goes to stdout. What needs the person goes to stderr: promised texts as they are, everything else as
``cone: …``, errors as ``cone: error: …`` with a ``cone: hint: …`` below, or as JSON where JSON was asked
for. No colour, no prompt.
"""

import contextlib
import io
import json
import os
import sys
import unicodedata

from cone_cli.credential_process import UNWRITABLE
from cone_sidecar.errors import ConeError

KEPT = frozenset("\n\u200c\u200d")


def say(text: str, end: str = "\n") -> None:
    """Print a promised text to stderr."""
    with contextlib.suppress(OSError, ValueError):
        print(printable(text), end=end, file=sys.stderr, flush=True)


def leave_line() -> None:
    """Begin a new line on a terminal: Ctrl-C was shown in the one before, maybe behind dots."""
    if sys.stderr.isatty():
        say("")


def note(text: str) -> None:
    """Print a remark to stderr."""
    say(f"cone: {text}")


def put(text: str) -> None:
    """Print data to stdout.

    Raises:
        ConeError: It can't be written; whoever has stopped reading is no error.
    """
    try:
        # In one write: unbuffered, the newline would be another one (sdk-contract §7, rule 2).
        print(text + "\n", end="", flush=True)
    except BrokenPipeError:
        give_up_stdout()
    except OSError as error:
        give_up_stdout()
        raise unwritable(error) from None


def give_up_stdout() -> None:
    """Let what couldn't be written go nowhere: at its end, Python would try again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def unwritable(error: OSError) -> ConeError:
    """Tell why stdout can't be written."""
    return ConeError(UNWRITABLE.format(reason=(error.strerror or "no reason given").lower()))


def keep_stdout_plain() -> None:
    """Write what stdout's encoding doesn't have as its escape."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def fail(error: ConeError) -> int:
    """Tell of an error and what to do about it; returns the exit code."""
    say(error_text(error))
    return error.exit_code


def fail_in_json(error: ConeError) -> int:
    """Tell of an error to a program, as the original does beside JSON; returns the exit code."""
    told = {"error": error.message, "code": error.code, "hint": error.hint}
    say(json.dumps({name: text for name, text in told.items() if text}))
    return error.exit_code


def error_text(error: ConeError) -> str:
    """Return the lines that tell of ``error``."""
    lines = [f"cone: error: {error.message}"]
    if error.hint:
        lines.append(f"cone: hint: {error.hint}")
    return "\n".join(lines)


def printable(text: str) -> str:
    """Take the control characters out of names that others chose; newlines of ours stay.

    So do the joiners, which Persian, Indic letters and emoji are spelt with; any space is one.
    """
    return text if text.isascii() and text.isprintable() else "".join(map(_printable, text))


def _printable(character: str) -> str:
    if character.isprintable() or character in KEPT:
        return character
    return " " if unicodedata.category(character) == "Zs" else "?"


class Teletype:
    """The terminal itself, for progress that an SDK would swallow with stderr."""

    def __init__(self) -> None:
        self._descriptor = -1
        if not sys.stderr.isatty():
            with contextlib.suppress(OSError):
                self._descriptor = os.open("/dev/tty", os.O_WRONLY | os.O_NOCTTY)

    @property
    def there(self) -> bool:
        """Tell whether a person sees what is written: here, or on stderr."""
        return self._descriptor >= 0 or sys.stderr.isatty()

    def open_page(self, url: str) -> None:
        """Open a page in a browser, if this is a person's own command and not an SDK's."""
        if sys.stderr.isatty():
            from cone_cli.browser import open_browser

            open_browser(url)

    def write(self, text: str) -> None:
        """Write to the terminal, if stderr isn't it."""
        if self._descriptor >= 0:
            with contextlib.suppress(OSError):
                os.write(self._descriptor, printable(text).encode())
