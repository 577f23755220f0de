"""A terminal of a client's own, from which it was started as far as it can tell."""

import contextlib
import os
import threading

# Whoever leads a session and opens a terminal has it from then on, and so has what it starts.
FROM_THERE = 'exec 3<>"$0" 3>&- "$@"'
PACKET = 4096


class Terminal:
    """What was written to the terminal itself; both streams of the client are elsewhere."""

    def __init__(self, leader, follower):
        self._leader = leader
        self._path = os.ttyname(follower)
        self._shown = b""
        self._reading = threading.Thread(target=self._read)
        self._reading.start()

    def command(self, command):
        """Return what starts ``command`` from here, as the first process of a session."""
        return ("sh", "-c", FROM_THERE, self._path, *command)

    def _read(self):
        # Reading fails once nobody has the other side open.
        with contextlib.suppress(OSError):
            while packet := os.read(self._leader, PACKET):
                self._shown += packet

    def shown(self):
        """Return all that was shown, once nobody can show more."""
        self._reading.join()
        return self._shown.decode(errors="replace")


@contextlib.contextmanager
def new_terminal():
    """Open a terminal for the length of the block; afterwards it shows nothing more."""
    leader, follower = os.openpty()
    try:
        terminal = Terminal(leader, follower)
        try:
            yield terminal
        finally:
            os.close(follower)
            terminal.shown()
    finally:
        os.close(leader)
