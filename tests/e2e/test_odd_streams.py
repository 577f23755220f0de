"""Streams that are closed, readers that go, and Ctrl-C: no traceback, whatever is run."""

import os
import signal
import subprocess
import sys

import pytest

from cone_cli.stage import cone_command
from fakes.spoilt_home import ADMIN, SCENARIO, SETUP, Home


@pytest.fixture(name="origin", scope="module")
def _origin(simulated_once):
    """Give a home in which everything is right, and a session in it."""
    simulated_once.start(SCENARIO, "--auto-confirm")
    assert simulated_once.cone("aws", "login").returncode == 0
    return simulated_once


@pytest.fixture(name="home")
def _home(origin, tmp_path):
    """Give a copy of that home, to be spoilt."""
    return Home(origin, tmp_path / "home")


@pytest.mark.parametrize("arguments", [ADMIN, ["aws", "setup", "show"], ["whoami"], ["--help"]])
@pytest.mark.parametrize("closed", ["stdout", "stderr", "both"])
def test_closed_streams(home, arguments, closed):
    """A reader that has gone, or a descriptor that was never there, costs no traceback."""
    shell = {"stdout": "exec >&-", "stderr": "exec 2>&-", "both": "exec >&- 2>&-"}[closed]
    done = subprocess.run(
        ["sh", "-c", f'{shell}; exec "$@"', "sh", *cone_command(), *arguments],
        env=home.environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
    assert done.returncode in {0, 1}


def test_a_reader_that_has_gone(home):
    """Output into a broken pipe ends without a traceback."""
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [*cone_command(), *SETUP],
        env=home.environment,
        stdout=write,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
        check=False,
    )
    os.close(write)
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


def test_an_interrupt_is_quiet(home, origin):
    """Ctrl-C ends with 130 and without a traceback."""
    origin.control("POST", "/faults", {"operation": "GetRoleCredentials", "hang": True})
    origin.forget_requests()
    try:
        with subprocess.Popen(
            [*cone_command(), *ADMIN],
            env=home.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        ) as child:
            while "GetRoleCredentials" not in [name for name, _ in origin.operations()]:
                assert child.poll() is None
            child.send_signal(signal.SIGINT)
            out, err = child.communicate(timeout=20)
    finally:
        origin.control("DELETE", "/faults")
    assert child.returncode == 130, err
    assert out == ""
    assert "Traceback" not in err


def test_python_is_the_one_of_the_environment():
    """The command under test is the one that is installed beside this interpreter."""
    assert cone_command()[0].startswith(os.path.dirname(sys.executable))
