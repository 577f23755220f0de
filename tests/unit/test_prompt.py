"""Questions on a terminal: what is typed comes back, what is secret isn't shown."""

import argparse
import contextlib
import os
import pty
import signal
import sys
import termios
import threading

import pytest

from cone_cli.prompt import TerminalPrompter, asked_person, choose, confirm
from cone_sidecar.errors import UsageError
from fakes.person import Person


@contextlib.contextmanager
def terminal(*typed):
    """Give a prompter, and what its terminal shows; each text is typed once a question is shown."""
    controller, device = pty.openpty()
    shown = bytearray()

    def person():
        with contextlib.suppress(OSError):
            for text in typed:
                while not shown.endswith(b"? "):
                    shown.extend(os.read(controller, 1024))
                os.write(controller, text)
            while True:
                shown.extend(os.read(controller, 1024))

    thread = threading.Thread(target=person)
    thread.start()
    with open(device) as source, open(device, "w", closefd=False) as target:
        yield TerminalPrompter(source, target), shown
    thread.join(10)
    os.close(controller)


def test_what_is_typed_comes_back():
    """Without spaces around it; Ctrl-C's handler is as it was afterwards."""
    before = signal.getsignal(signal.SIGINT)
    with terminal(b" hello \n") as (prompter, _):
        assert prompter.line("what? ") == "hello"
    assert signal.getsignal(signal.SIGINT) is before


def test_a_secret_is_not_shown():
    """The terminal echoes again afterwards."""
    with terminal(b"hush\n") as (prompter, shown):
        assert prompter.secret("secret? ") == "hush"
        assert termios.tcgetattr(prompter._source.fileno())[3] & termios.ECHO
    assert b"hush" not in shown


def test_the_end_of_input():
    """It is no answer."""
    with terminal(b"\x04") as (prompter, _), pytest.raises(UsageError, match="the input ended"):
        prompter.line("what? ")


def test_what_is_shown_has_no_control_characters():
    """Names come from others."""
    with terminal() as (prompter, shown):
        prompter.say("\x1b[31mred")
    assert b"\x1b" not in shown


@pytest.mark.parametrize("wanted", [True, False])
def test_without_a_terminal_nobody_is_asked(monkeypatch, wanted):
    """Nor where nobody wants to be."""
    with open(os.devnull) as nothing, open(os.devnull, "w") as nowhere:
        monkeypatch.setattr(sys, "stdin", nothing)
        monkeypatch.setattr(sys, "stderr", nowhere)
        with asked_person(argparse.Namespace(non_interactive=not wanted)) as prompter:
            assert prompter is None


def test_a_choice_with_a_default():
    """No answer is the default."""
    person = Person("")
    assert choose(person, "Which?", ["a", "b"], default=1) == 1
    assert person.asked == ["Number [2]: "]


def test_yes_or_no():
    """Asked until it is one of them."""
    assert confirm(Person("perhaps", "Y"), "Sure?")
    assert not confirm(Person(""), "Sure?", default=False)
