"""Audit lines arrive whole and in order, and nothing that goes wrong on their way holds an answer up."""

import errno
import json
import logging
import os
import stat
import threading
from pathlib import Path

import pytest

from cone_sidecar.audit_output import AuditFile, AuditStream
from cone_sidecar.audit_sink import MOST, AuditSink, open_sink
from cone_sidecar.errors import ConfigurationError

LIMIT_S = 10


class FakeOutput:
    """Fail as told, take a few bytes at a time, and be rotated as told."""

    def __init__(self, *, at_once=1 << 20):
        self.files = [b""]
        self.refusals = threading.Semaphore(0)
        self.rotate_after = None
        self.failing = None
        self.at_once = at_once
        self.closed = threading.Event()

    def renewed(self):
        if self.rotate_after is not None and len(self.files[-1]) >= self.rotate_after:
            self.rotate_after = None
            self.files.append(b"")
            return True
        return False

    def write(self, data):
        if failing := self.failing:
            self.refusals.release()
            raise failing
        part = bytes(data[: self.at_once])
        self.files[-1] += part
        return len(part)

    def close(self):
        self.closed.set()


def line(number, size=0):
    """Make a line."""
    return json.dumps({"number": number, "filler": "x" * size}) + "\n"


def numbers(data):
    """Return the numbers of lines, each of which is whole."""
    assert data.endswith(b"\n")
    return [json.loads(each)["number"] for each in data.splitlines()]


def drain(descriptor):
    """Read a pipe to its end, on a thread; returns what was read when the thread is joined."""
    read = []

    def run():
        while chunk := os.read(descriptor, 65536):
            read.append(chunk)

    thread = threading.Thread(target=run)
    thread.start()
    return thread, read


def warnings_of(caplog):
    """Return what was warned of."""
    return [each.getMessage() for each in caplog.records if each.levelno >= logging.WARNING]


def test_lines_arrive_in_order_in_a_private_file(tmp_path, clock):
    """The file is its owner's alone; what stood there stays."""
    path = tmp_path / "audit.jsonl"
    for start in (0, 5000):
        sink = AuditSink(AuditFile(path), clock)
        for number in range(start, start + 5000):
            sink.write(line(number))
        sink.close()
    assert numbers(path.read_bytes()) == list(range(10000))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("rotate", ["rename", "remove", "replace"])
def test_a_rotated_file_is_followed(tmp_path, rotate):
    """What is written after the file went away lands in a new one of that name."""
    path, old = tmp_path / "audit", tmp_path / "audit.1"
    output = AuditFile(path)
    output.write(memoryview(b"1\n"))
    assert not output.renewed()
    if rotate == "remove":
        path.unlink()
    else:
        path.rename(old)
    if rotate == "replace":
        path.touch(mode=0o640)
    assert output.renewed()
    output.write(memoryview(b"2\n"))
    assert not output.renewed()
    output.close()
    assert path.read_bytes() == b"2\n"
    assert rotate == "remove" or old.read_bytes() == b"1\n"


def test_a_directory_is_no_longer_there(tmp_path, clock, caplog):
    """Nothing fails while the file can't be opened anew; its lines come when it can."""
    directory = tmp_path / "logs"
    directory.mkdir()
    path = directory / "audit"
    output = AuditFile(path)
    output.write(memoryview(line(0).encode()))
    path.unlink()
    directory.rmdir()
    with pytest.raises(FileNotFoundError):
        output.renewed()
    directory.mkdir()
    sink = AuditSink(output, clock)
    sink.write(line(1))
    sink.close()
    assert numbers(path.read_bytes()) == [1]
    assert not warnings_of(caplog)


def test_no_file_begins_amid_a_line(clock):
    """A line that was half written when the file was rotated stands whole in the new one."""
    output = FakeOutput(at_once=7)
    output.rotate_after = 3 * len(line(0)) + 4
    sink = AuditSink(output, clock)
    for number in range(8):
        sink.write(line(number))
    sink.close()
    assert output.closed.is_set()
    old, new = output.files
    assert numbers(old[: old.rfind(b"\n") + 1]) == [0, 1, 2]
    assert numbers(new) == [3, 4, 5, 6, 7]


def test_a_full_disk_drops_and_tells(clock, caplog):
    """Lines beyond the buffer are counted; one warning, and one line once there is room again."""
    output = FakeOutput()
    output.failing = OSError(errno.ENOSPC, "No space left on device")
    sink = AuditSink(output, clock)
    sink.write(line(0))
    assert output.refusals.acquire(timeout=LIMIT_S)
    size = len(line(1, 10_000))
    fits = MOST // size
    for _ in range(fits + 25):
        sink.write(line(1, 10_000))
    for _ in range(2):
        assert output.refusals.acquire(timeout=LIMIT_S)
    output.failing = None
    sink.close()
    told = [json.loads(each) for each in output.files[0].splitlines()]
    assert [each["number"] for each in told[:-1]] == [0] + [1] * fits
    assert told[-1] == {"time": "2026-01-02T03:04:05Z", "dropped": 25}
    assert warnings_of(caplog) == [
        "audit lines are not written for now: no space left on device",
    ]


def test_lines_that_come_too_fast_are_told_of(clock, caplog):
    """Where nothing fails, and the buffer is full all the same, that is said."""
    output = FakeOutput()
    sink = AuditSink(output, clock)
    sink._dropped = 3
    sink.write(line(0))
    sink.close()
    assert output.files[0].splitlines()[1] == b'{"time":"2026-01-02T03:04:05Z","dropped":3}'
    assert warnings_of(caplog) == [
        "audit lines are not written for now: lines come faster than they can be written"
    ]


def test_a_disk_that_stays_full_ends_with_the_sink(clock, caplog):
    """Closing gives up on what can't be written."""
    output = FakeOutput()
    output.failing = OSError(errno.ENOSPC, "No space left on device")
    sink = AuditSink(output, clock)
    sink.write(line(0))
    sink.close()
    assert output.closed.is_set()
    assert output.files == [b""]
    assert len(warnings_of(caplog)) == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no /dev/full")
def test_a_really_full_device_fails_nothing(clock, caplog):
    """The same, as the system says it."""
    sink = open_sink("/dev/full", clock)
    sink.write(line(0))
    sink.close()
    assert warnings_of(caplog) == [
        "audit lines are not written for now: no space left on device",
    ]


def test_a_reader_that_stands_still_holds_nobody_up(clock):
    """More than a pipe and the buffer hold is dropped at once; what is read then is whole."""
    reading, writing = os.pipe()
    sink = AuditSink(AuditStream(writing), clock)
    written = 4 * MOST // len(line(0, 1000))
    for number in range(written):
        sink.write(line(number, 1000))
    thread, read = drain(reading)
    sink.close()
    os.close(writing)
    thread.join(LIMIT_S)
    os.close(reading)
    told = [json.loads(each) for each in b"".join(read).splitlines()]
    dropped = [each["dropped"] for each in told if "dropped" in each]
    kept = [each["number"] for each in told if "number" in each]
    assert dropped
    assert sum(dropped) + len(kept) == written
    assert kept == sorted(kept)


def test_closing_does_not_wait_for_a_reader(clock, caplog):
    """A reader that never reads costs what it takes to see that; it is said once."""
    reading, writing = os.pipe()
    sink = AuditSink(AuditStream(writing), clock)
    for number in range(1000):
        sink.write(line(number, 1000))
    sink.close()
    assert warnings_of(caplog) == ["audit lines are not written for now: nobody reads it"]
    os.close(reading)
    os.close(writing)


def test_a_reader_that_is_gone_fails_nothing(clock, caplog):
    """A broken pipe is like a full disk."""
    reading, writing = os.pipe()
    os.close(reading)
    sink = AuditSink(AuditStream(writing), clock)
    sink.write(line(0))
    sink.close()
    os.close(writing)
    assert warnings_of(caplog) == ["audit lines are not written for now: broken pipe"]


def test_a_pipe_by_name_without_a_reader_is_refused(tmp_path):
    """It doesn't hold up the start until somebody reads it."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    with pytest.raises(ConfigurationError, match="can't be written"):
        open_sink(str(path))


def test_lines_wait_for_a_thread_that_can_not_be_started(clock, monkeypatch):
    """A container that is out of threads drops nothing: the next line tries again."""
    started, real = [], threading.Thread.start

    def start(thread):
        started.append(thread)
        if len(started) == 1:
            raise RuntimeError("can't start new thread")
        real(thread)

    monkeypatch.setattr(threading.Thread, "start", start)
    output = FakeOutput()
    sink = AuditSink(output, clock)
    for number in range(3):
        sink.write(line(number))
    sink.close()
    assert numbers(output.files[0]) == [0, 1, 2]
    assert len(started) == 2


def test_a_sink_without_lines_has_no_thread(clock):
    """The thread is started by the first line; closing lets go of the file all the same."""
    before = threading.active_count()
    output = FakeOutput()
    sink = AuditSink(output, clock)
    assert threading.active_count() == before
    sink.close()
    assert output.closed.is_set()
    sink.write(line(0))
    assert output.files == [b""]
    assert threading.active_count() == before


def test_nothing_is_opened_for_off():
    """Off is the default, and no file of that name."""
    assert open_sink("off") is None
    assert open_sink("") is None


def test_stdout_is_left_open(capfd, clock):
    """Lines go to the process's own stdout, which others go on using."""
    sink = open_sink("stdout", clock)
    sink.write(line(0))
    sink.close()
    os.write(1, line(1).encode())
    assert numbers(capfd.readouterr().out.encode()) == [0, 1]


def test_a_closed_stdout_is_refused(monkeypatch):
    """Its number may be a socket's by now."""
    monkeypatch.setattr("sys.__stdout__", None)
    with pytest.raises(ConfigurationError) as refused:
        open_sink("stdout")
    assert refused.value.hint == "name a file: --audit F"


KINDS = {
    "directory": "is a directory",
    "link": "it is a symbolic link",
    "pipe": "it is a pipe that nobody reads",
    "missing directory": "no such file or directory",
    "not a directory": "not a directory",
}


@pytest.mark.parametrize(("kind", "reason"), KINDS.items(), ids=KINDS)
def test_a_path_that_can_not_be_written_is_refused_at_the_start(tmp_path, kind, reason):
    """The error names the path and what to do; a link is not followed, a pipe not waited for."""
    (tmp_path / "there").touch()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    path = {
        "directory": tmp_path,
        "link": tmp_path / "link",
        "pipe": tmp_path / "pipe",
        "missing directory": tmp_path / "missing" / "audit",
        "not a directory": tmp_path / "there" / "audit",
    }[kind]
    with pytest.raises(
        ConfigurationError, match=rf"the audit file .* can't be written: {reason}$"
    ) as refused:
        open_sink(str(path))
    assert "--audit stdout" in refused.value.hint
    assert not (tmp_path / "elsewhere").exists()


def test_the_file_is_the_one_that_was_named_at_the_start(tmp_path, monkeypatch, clock):
    """A changed working directory doesn't change it, not even for a file that is opened anew."""
    monkeypatch.chdir(tmp_path)
    sink = open_sink("audit", clock)
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path / "other")
    (tmp_path / "audit").unlink()
    sink.write(line(0))
    sink.close()
    assert numbers((tmp_path / "audit").read_bytes()) == [0]
