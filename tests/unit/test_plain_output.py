"""What stdout and stderr get, however odd the names, the encoding or the disk."""

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from cone_cli import terminal
from cone_cli.output import put_json
from cone_cli.stage import cone_command


def test_json_escapes_what_turns_a_line(capsys):
    """Lone surrogates, C1 controls and changes of direction are escaped; letters stay."""
    name = "ü\ud800\x9b\u202e"
    put_json("json", {"name": name})
    text = capsys.readouterr().out
    assert text == '{"name":"ü\\ud800\\u009b\\u202e"}\n'
    assert json.loads(text)["name"] == name


def test_json_for_ascii_is_json(monkeypatch):
    """Where stdout has ASCII alone, JSON has its own escapes."""
    stdout = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", stdout)
    terminal.keep_stdout_plain()
    put_json("json", "ü")
    terminal.put("ü")
    assert stdout.buffer.getvalue() == b'"\\u00fc"\n\\xfc\n'


@pytest.mark.parametrize("option", ["--version", "--help"])
def test_a_full_disk(option):
    """An error of stdout is one plain line."""
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*cone_command(), option],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr == "cone: error: stdout can't be written: no space left on device\n"


SILENT = """
import logging
from cone_cli.log_output import log_nowhere
log_nowhere()
try:
    raise ValueError("deep inside")
except ValueError:
    logging.getLogger("cone_sidecar.somewhere").exception("broke off")
"""


def test_nobody_who_asked_for_no_log_gets_one():
    """What libraries and we log is no line on stderr, not even a traceback."""
    # In a process of its own: pytest listens to the log of this one.
    loud = SILENT.replace("log_nowhere()\n", "", 1)
    silent, told = (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        for code in (SILENT, loud)
    )
    assert (silent.stdout, silent.stderr) == ("", "")
    assert "deep inside" in told.stderr
