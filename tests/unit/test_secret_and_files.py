"""Secrets that refuse to be printed, and files that are old or new and never half."""

import os
import pickle
import stat
import threading
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cone_sidecar.atomic_file import write_atomically
from cone_sidecar.clock import parse_timestamp, rfc3339
from cone_sidecar.secret import Secret


def test_a_secret_is_not_printed():
    """Neither str, repr, format nor pickle give it out."""
    secret = Secret("canary")
    assert "canary" not in f"{secret} {secret!r} {secret:>20} {[secret]}"
    with pytest.raises(TypeError):
        pickle.dumps(secret)
    assert secret.reveal() == "canary"
    assert secret == Secret("canary")
    assert secret != Secret("other")
    assert not Secret("")


def test_a_write_is_whole_or_not_at_all(tmp_path):
    """Readers beside a writer see the old content or the new one."""
    path = tmp_path / "file"
    contents = [bytes([letter]) * 100_000 for letter in b"abcdef"]
    write_atomically(path, contents[0])
    seen, stop = set(), threading.Event()

    def read():
        while not stop.is_set():
            seen.add(path.read_bytes())

    reader = threading.Thread(target=read)
    reader.start()
    for content in contents * 5:
        write_atomically(path, content)
    stop.set()
    reader.join()
    assert seen <= set(contents)
    assert os.listdir(tmp_path) == ["file"]


def test_mode_and_link_are_kept(tmp_path):
    """A replaced file keeps its mode, a link goes on being one; a new file is private."""
    target, link = tmp_path / "target", tmp_path / "link"
    write_atomically(target, b"1")
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    target.chmod(0o640)
    link.symlink_to(target)
    write_atomically(link, b"2")
    assert link.is_symlink()
    assert target.read_bytes() == b"2"
    assert stat.S_IMODE(target.stat().st_mode) == 0o640


def test_a_failed_write_leaves_nothing(tmp_path):
    """What can't be written leaves the old file and no temporary one."""
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with pytest.raises(TypeError):
        write_atomically(path, "no bytes")
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["file"]


@given(st.datetimes(timezones=st.just(UTC)))
def test_times_are_read_as_they_are_written(moment):
    """Formatting rounds down to the second, and parsing gives it back."""
    assert parse_timestamp(rfc3339(moment)) == moment.replace(microsecond=0)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-01-02T03:04:05Z", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("2026-01-02T03:04:05.1Z", datetime(2026, 1, 2, 3, 4, 5, 100_000, tzinfo=UTC)),
        ("2026-01-02T03:04:05.123456789Z", datetime(2026, 1, 2, 3, 4, 5, 123_456, tzinfo=UTC)),
        ("2026-01-02T03:04:05UTC", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        (
            "2026-01-02T03:04:05-05:00",
            datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone(-timedelta(hours=5))),
        ),
    ],
)
def test_times_of_others(text, moment):
    """Any RFC 3339 time is read, with up to nine digits, and AWS's old suffix."""
    assert parse_timestamp(text) == moment


@pytest.mark.parametrize("text", ["", "soon", "2026-01-02T03:04:05", "UTC", "Z"])
def test_what_is_no_time(text):
    """A time without a zone, or none at all, is an error."""
    with pytest.raises(ValueError):
        parse_timestamp(text)
