"""``cone demo`` as a process: what it leaves behind when somebody ends it."""

import os
import signal
import subprocess
import threading
from pathlib import Path

import pytest

from cone_cli.stage import cone_command
from fakes.asked_endpoint import eventually

LIMIT_S = 60


def processes_of(home):
    """Return the processes that live in a home, by their environment."""
    mark = f"HOME={home}".encode()
    there = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            if mark in path.read_bytes().split(b"\0"):
                there.append(int(path.parent.name))
        except OSError:
            continue
    return there


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["TERM", "INT"])
def test_it_leaves_nothing_behind(tmp_path, number):
    """Its processes and its home go with it, whoever ends it."""
    child = subprocess.Popen(
        [*cone_command(), "demo", "--keep"],
        env=os.environ | {"TMPDIR": str(tmp_path), "PYTHONUNBUFFERED": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )
    timer = threading.Timer(LIMIT_S, child.kill)
    timer.start()
    try:
        assert any(line == "Ctrl-C ends it.\n" for line in child.stdout)
        (home,) = tmp_path.iterdir()
        assert len(processes_of(home)) >= 2
        child.send_signal(number)
        code = child.wait(LIMIT_S)
    finally:
        timer.cancel()
        child.kill()
        child.wait()
        child.stdout.close()
    gone = eventually(lambda: processes_of(home) == [])
    for left in processes_of(home):
        os.kill(left, signal.SIGKILL)
    # Ctrl-C is the usual end; 130 where it comes before the demo waits for it.
    assert code in ((143,) if number == signal.SIGTERM else (0, 130))
    assert gone
    assert list(tmp_path.iterdir()) == []
