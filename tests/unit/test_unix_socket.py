"""The socket of the sidecar's own user: who may open it, where it may lie, what lies beside it."""

import os
import socket
import stat

import pytest

from cone_sidecar.errors import ConfigurationError
from cone_sidecar.unix_socket import bind_unix, connect_unix

LIMIT_S = 5.0


def exchange(listener, path):
    """Connect, and let one word through."""
    with connect_unix(path, limit_s=LIMIT_S) as caller:
        listener.setblocking(True)
        answering, _ = listener.accept()
        with answering:
            answering.sendall(b"hello")
            return caller.recv(5)


def test_only_its_owner_may_open_it(tmp_path):
    """Mode 0600 from the first moment on, in a directory that is the owner's."""
    path = tmp_path / "new" / "cone-1.sock"
    mask = os.umask(0)
    try:
        with bind_unix(path) as listener:
            found = path.stat()
            assert stat.S_ISSOCK(found.st_mode)
            assert stat.S_IMODE(found.st_mode) == 0o600
            assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
            assert exchange(listener, path) == b"hello"
        assert os.umask(0) == 0
    finally:
        os.umask(mask)


@pytest.mark.parametrize("length", [1, 60, 120, 200])
def test_a_home_with_a_long_path(tmp_path, length):
    """The kernel's limit of 108 bytes is nobody's limit for a home."""
    path = tmp_path / ("d" * length) / ("e" * length) / "cone-1.sock"
    with bind_unix(path) as listener:
        assert path.exists()
        assert exchange(listener, path) == b"hello"


def test_what_dead_processes_left_is_removed(tmp_path):
    """A socket that nobody listens on goes; one that is in use, and other files, stay."""
    left = tmp_path / "cone-1.sock"
    bind_unix(left).close()
    assert left.exists()
    other = tmp_path / "serve.json"
    other.touch()
    with bind_unix(tmp_path / "cone-2.sock"), bind_unix(tmp_path / "cone-3.sock"):
        assert sorted(each.name for each in tmp_path.iterdir()) == [
            "cone-2.sock",
            "cone-3.sock",
            "serve.json",
        ]


def test_its_own_leftover_is_replaced(tmp_path):
    """A process that has a dead one's number listens all the same."""
    path = tmp_path / "cone-1.sock"
    bind_unix(path).close()
    with bind_unix(path) as listener:
        assert exchange(listener, path) == b"hello"


def test_one_that_is_in_use_is_not_taken_over(tmp_path):
    """Two can't listen at the same place; the first one goes on."""
    path = tmp_path / "cone-1.sock"
    with bind_unix(path) as listener:
        with pytest.raises(ConfigurationError, match="can't listen on") as caught:
            bind_unix(path)
        assert caught.value.hint == "set XDG_CACHE_HOME to a directory of yours"
        # The other one looked whether somebody is there.
        listener.accept()[0].close()
        assert exchange(listener, path) == b"hello"


def test_a_place_that_is_none(tmp_path):
    """A file where a directory should be is an error with a hint."""
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match="can't listen on"):
        bind_unix(tmp_path / "file" / "cone-1.sock")


def test_nobody_there(tmp_path):
    """Whoever connects to nothing hears so at once, and leaves no descriptor open."""
    open_before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(FileNotFoundError):
        connect_unix(tmp_path / "cone-1.sock", limit_s=LIMIT_S)
    bind_unix(tmp_path / "cone-1.sock").close()
    with pytest.raises(ConnectionRefusedError):
        connect_unix(tmp_path / "cone-1.sock", limit_s=LIMIT_S)
    assert len(os.listdir("/proc/self/fd")) == open_before


def test_one_who_does_not_answer(tmp_path):
    """Each wait on the socket is limited."""
    path = tmp_path / "cone-1.sock"
    with bind_unix(path), connect_unix(path, limit_s=0.05) as caller:
        with pytest.raises(TimeoutError):
            caller.recv(1)
        assert isinstance(caller, socket.socket)
