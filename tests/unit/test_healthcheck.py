"""``cone healthcheck`` against servers that answer, refuse, hang and aren't there."""

import os
import socket
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from cone_cli import liveness
from cone_cli.dispatch import dispatch
from cone_cli.main import main
from cone_sidecar.runtime import RunningSidecar, announce
from cone_sidecar.warm_file import state_directory


@pytest.fixture(name="announced")
def _announced(tmp_path, monkeypatch):
    """Give a function that makes a management listener the one of the running sidecar."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)

    def announced(port):
        url = f"http://127.0.0.1:{port}"
        sidecar = RunningSidecar("http://127.0.0.1:1", url, "/run/cone/token", os.getpid())
        announce(Path(state_directory(os.environ)), sidecar)

    return announced


@pytest.fixture(name="server")
def _server(request):
    """Give an HTTP server that answers each request with the status of the test's parameter."""
    paths = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            paths.append(self.path)
            self.send_response(request.param)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    server.paths = paths
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(("server", "code"), [(200, 0), (503, 1)], indirect=["server"])
def test_it_asks_the_running_sidecar_once(announced, server, code):
    """200 of /livez is yes, anything else is no."""
    announced(server.server_port)
    assert dispatch(["healthcheck"]) == code
    assert server.paths == ["/livez"]


def test_a_sidecar_that_hangs_is_not_alive(announced, monkeypatch, capsys):
    """It waits for a limited time."""
    monkeypatch.setattr(liveness, "LIMIT_S", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        announced(listener.getsockname()[1])
        assert dispatch(["healthcheck"]) == 1
    assert "doesn't answer" in capsys.readouterr().err


def test_without_a_sidecar_the_answer_is_no(tmp_path, monkeypatch, capsys):
    """Engines know 0 and 1 alone: it isn't the exit code of an unreachable server."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert dispatch(["healthcheck"]) == 1
    assert capsys.readouterr().err == "cone: error: no sidecar is running\ncone: hint: cone serve\n"


@pytest.mark.parametrize("server", [200], indirect=["server"])
def test_the_warm_path_needs_nothing_else(announced, server, monkeypatch):
    """A sidecar that answers is found alive before any command is known."""
    announced(server.server_port)
    monkeypatch.setattr("sys.argv", ["cone", "healthcheck"])
    monkeypatch.setitem(sys.modules, "cone_cli.dispatch", None)
    assert main() == 0
    assert server.paths == ["/livez"]


@pytest.mark.parametrize("server", [503], indirect=["server"])
def test_the_warm_path_leaves_a_no_to_the_command(announced, server, monkeypatch, capsys):
    """A sidecar that doesn't say 200 is asked once more, by who can tell what is wrong."""
    announced(server.server_port)
    monkeypatch.setattr("sys.argv", ["cone", "healthcheck"])
    assert main() == 1
    assert capsys.readouterr().err.startswith("cone: error: the sidecar at http://127.0.0.1:")


@pytest.mark.parametrize("answer", [b"", b"SSH-2.0-x\r\n", b"HTTP/1.1 2", b"HTTP/1.1 abc\r\n"])
def test_what_is_no_http_is_not_alive(answer):
    """Somebody else on the port is no sidecar."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_answer, args=(listener, answer))
        thread.start()
        with pytest.raises(ValueError):
            liveness.status(f"http://127.0.0.1:{listener.getsockname()[1]}")
        thread.join()


def _answer(listener, answer):
    connection, _ = listener.accept()
    with connection:
        connection.recv(4096)
        connection.sendall(answer)
