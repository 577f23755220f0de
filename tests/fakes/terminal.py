"""A person at a terminal: waits for questions and types answers, stdout aside."""

import os
import pty
import select
import signal
import subprocess

from cone_cli.stage import cone_command

LIMIT_S = 60


class PersonAtTerminal:
    """Run ``cone`` with a terminal for stdin and stderr, and a pipe for stdout."""

    def __init__(self, environment, *arguments):
        self._controller, terminal = pty.openpty()
        self.seen = ""
        self._process = subprocess.Popen(
            [*cone_command(), *arguments],
            env=environment,
            stdin=terminal,
            stdout=subprocess.PIPE,
            stderr=terminal,
            text=True,
            start_new_session=True,
        )
        os.close(terminal)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()
        os.close(self._controller)

    def answer(self, question, text):
        """Wait for ``question``, and type ``text``."""
        self.wait_for(question)
        os.write(self._controller, text.encode() + b"\n")

    def wait_for(self, question):
        """Read what is shown until ``question`` is; what was shown before it is left out from then on."""
        while question not in self.seen:
            self.seen += self._read() or self._ended(question)
        self.seen = self.seen.partition(question)[2]

    def interrupt(self):
        """Press Ctrl-C."""
        self._process.send_signal(signal.SIGINT)

    def end(self):
        """Wait for the end; returns exit code, stdout, and what was shown since the last question."""
        while text := self._read():
            self.seen += text
        output = self._process.stdout.read()
        return self._process.wait(LIMIT_S), output, self.seen.replace("\r\n", "\n")

    def _read(self):
        readable, _, _ = select.select([self._controller], [], [], LIMIT_S)
        assert readable, f"silent after: {self.seen}"
        try:
            return os.read(self._controller, 65536).decode()
        except OSError:
            # Nobody holds the other end any more.
            return ""

    def _ended(self, question):
        raise AssertionError(f"ended without {question!r}: {self.seen}")
