"""A shell with job control on a terminal of its own, and a person who types."""

import contextlib
import os
import pty
import select
import signal

LIMIT_S = 20
PROMPT = "ready> "


class InteractiveShell:
    """Run bash as a terminal's session leader."""

    def __init__(self, environment):
        self.seen = ""
        self._pid, self._terminal = pty.fork()
        if self._pid == 0:
            os.execvpe(  # noqa: S606 -- the shell itself
                "bash", ["bash", "--norc", "--noprofile", "-i"], environment | {"PS1": PROMPT}
            )

    def __enter__(self):
        self.wait_for(PROMPT)
        return self

    def __exit__(self, *_):
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)
        os.close(self._terminal)

    def type(self, text):
        """Type ``text``."""
        os.write(self._terminal, text.encode())

    def wait_for(self, text):
        """Read what is shown until ``text`` is; returns what was shown before it."""
        while text not in self.seen:
            readable, _, _ = select.select([self._terminal], [], [], LIMIT_S)
            assert readable, f"silent after: {self.seen}"
            self.seen += os.read(self._terminal, 65536).decode()
        before, _, self.seen = self.seen.partition(text)
        return before
