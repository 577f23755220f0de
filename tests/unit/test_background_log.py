"""Log lines are written beside the event loop."""

import io
import logging
import threading

import pytest

from cone_cli import background_log
from cone_cli.background_log import BackgroundLog

LIMIT_S = 10


@pytest.fixture(autouse=True)
def _as_before():
    """Leave the root logger's handlers as they were."""
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    yield
    root.handlers[:] = before
    root.setLevel(level)


def test_lines_are_there_at_the_end():
    """The end of the block waits for what was said in it, in its order."""
    stream = io.StringIO()
    with BackgroundLog(stream):
        for number in range(100):
            logging.getLogger("cone_sidecar").info("line %d", number)
    lines = stream.getvalue().splitlines()
    assert [line.split(" ", 3)[2:] for line in lines] == [["INFO", f"line {n}"] for n in range(100)]


class SlowReader(io.StringIO):
    """A stream that takes nothing until it is read."""

    def __init__(self):
        super().__init__()
        self.reads = threading.Event()

    def write(self, text):
        """Wait for the reader."""
        assert self.reads.wait(LIMIT_S)
        return super().write(text)


def test_a_reader_that_stands_still_stops_nobody(monkeypatch):
    """Whoever logs goes on; what found no room is counted once somebody reads again."""
    monkeypatch.setattr(background_log, "MOST_LINES", 50)
    stream = SlowReader()
    with BackgroundLog(stream):
        for _ in range(5000):
            logging.getLogger("cone_sidecar").info("said")
        stream.reads.set()
    lines = stream.getvalue().splitlines()
    said = [line for line in lines if line.endswith("said")]
    told = [line for line in lines if line.endswith(" lines were dropped: nobody read the log")]
    assert sum(int(line.split()[0]) for line in told) == 5000 - len(said) > 0
    assert len(lines) == len(said) + len(told)


def test_a_stream_that_is_closed_is_no_fault():
    """There is nowhere to say so, and the sidecar goes on."""
    stream = io.StringIO()
    with BackgroundLog(stream):
        stream.close()
        logging.getLogger("cone_sidecar").warning("lost")
