"""Where a running sidecar is written down, and when that is still true."""

import json
import os
from dataclasses import replace

import pytest

from cone_sidecar.announcement import FILE_NAME, process_started
from cone_sidecar.errors import Unreachable
from cone_sidecar.runtime import RunningSidecar, announce, find, withdraw

HERE = RunningSidecar("http://127.0.0.1:1", "http://127.0.0.1:2", "/token", os.getpid(), "set")


def test_what_is_announced_is_found(tmp_path):
    """A sidecar that runs is found as it wrote itself down."""
    announce(tmp_path, HERE)
    assert find(tmp_path) == HERE


@pytest.mark.skipif(not process_started(os.getpid()), reason="the system doesn't say")
def test_a_number_that_another_process_has_now(tmp_path):
    """A process that started at another time is no sidecar."""
    announce(tmp_path, HERE)
    for path in tmp_path.glob("serve*.json"):
        path.write_text(json.dumps(json.loads(path.read_text()) | {"started": "1"}))
    with pytest.raises(Unreachable):
        find(tmp_path)


def test_another_one_is_found_once_the_newest_is_gone(tmp_path):
    """Two sidecars of one user: the newest is found, and the other one after its end."""
    parent = replace(HERE, pid=os.getppid(), credentials_url="http://127.0.0.1:3")
    announce(tmp_path, parent)
    announce(tmp_path, HERE)
    assert find(tmp_path) == HERE
    withdraw(tmp_path)
    assert find(tmp_path) == parent


def test_one_that_was_killed_hides_no_other(tmp_path):
    """What a dead one left is passed over."""
    announce(tmp_path, HERE)
    (tmp_path / FILE_NAME).write_text(json.dumps({"pid": 2**22 + 1}))
    assert find(tmp_path) == HERE


def test_a_number_that_somebody_else_s_process_has_now(tmp_path, monkeypatch):
    """Such a process can't be asked: it is no sidecar of ours, and hinders no new one."""
    announce(tmp_path, HERE)

    def refuse(*_):
        raise PermissionError

    monkeypatch.setattr("os.kill", refuse)
    with pytest.raises(Unreachable):
        find(tmp_path)
    announce(tmp_path, replace(HERE, pid=HERE.pid + 1))
    assert [path.name for path in tmp_path.glob("serve-*.json")] == [f"serve-{HERE.pid + 1}.json"]
