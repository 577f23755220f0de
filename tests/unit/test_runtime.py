"""Where a running sidecar is written down, and when that is still true."""

import json
import os

import pytest

from cone_sidecar.errors import Unreachable
from cone_sidecar.runtime import FILE_NAME, RunningSidecar, announce, find, process_started

HERE = RunningSidecar("http://127.0.0.1:1", "http://127.0.0.1:2", "/token", os.getpid(), "set")


def test_what_is_announced_is_found(tmp_path):
    """A sidecar that runs is found as it wrote itself down."""
    announce(tmp_path, HERE)
    assert find(tmp_path) == HERE


@pytest.mark.skipif(not process_started(os.getpid()), reason="the system doesn't say")
def test_a_number_that_another_process_has_now(tmp_path):
    """A process that started at another time is no sidecar."""
    announce(tmp_path, HERE)
    path = tmp_path / FILE_NAME
    path.write_text(json.dumps(json.loads(path.read_text()) | {"started": "1"}))
    with pytest.raises(Unreachable):
        find(tmp_path)
