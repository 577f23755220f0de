"""Writers that are killed, and many at once: the old file or the new one, and the backup."""

import os
import shutil
import signal
import subprocess
import sys

import pytest
from tests.fakes.killed_writer import CHANGES, killed_writers

from cone_sidecar.aws_config.document import AwsConfigDocument
from cone_sidecar.aws_config.lines import SectionName

OLD = {
    "config": b"# mine\r\n[default]\r\nregion = us-east-1",
    "config.yaml": b"profile: default\nmine: kept\n",
}
LONG_AGO = 1_000_000_000
needs_strace = pytest.mark.skipif(
    shutil.which("strace") is None, reason="NO WRITER WAS KILLED: strace is not here"
)

MANY_WRITERS = """
import os, sys
from pathlib import Path
from cone_sidecar.aws_config.config_file import AwsConfigFile
from cone_sidecar.aws_config.lines import SectionName

file = AwsConfigFile(Path(sys.argv[1]))
running = set()
for number in range(8):
    pid = os.fork()
    if pid == 0:
        with file.change() as document:
            values = {"region": "x" * 5000, "output": f"json{number}"}
            document.append_section(SectionName("profile", f"p{number}"), values)
        os._exit(0)
    running.add(pid)
most = 0
while running:
    profiles = [each for each in file.read().sections if each.name.name != "default"]
    assert all(len(each.values.get("region", "")) == 5000 for each in profiles), "a part was seen"
    assert all(each.values["output"][4:] == each.name.name[1:] for each in profiles), "a part was seen"
    assert len(profiles) >= most, "a profile was lost"
    most = len(profiles)
    pid, status = os.waitpid(-1, os.WNOHANG)
    assert status == 0
    running.discard(pid)
"""


@needs_strace
@pytest.mark.parametrize("file", sorted(CHANGES))
def test_a_writer_killed_at_any_call_leaves_the_old_file_or_the_new_one(tmp_path, file):
    """Killed before each system call, file and backup are whole, and the next write leaves nothing else."""
    old, whole = OLD[file], tmp_path / "whole"
    whole.mkdir()
    (whole / file).write_bytes(old)
    seen = []
    with killed_writers(file) as writers:
        calls = writers.calls(whole, tmp_path / "trace")
        new = (whole / file).read_bytes()
        for number, call in enumerate(calls):
            directory = tmp_path / str(number)
            directory.mkdir()
            (directory / file).write_bytes(old)
            assert os.WTERMSIG(writers.kill(directory, call)) == signal.SIGKILL
            seen.append((directory / file).read_bytes())
            backup = directory / "config.cone-backup"
            assert not backup.exists() or backup.read_bytes() == old
            assert backup.exists() or file != "config" or seen[-1] == old
            for path in directory.iterdir():
                os.utime(path, (LONG_AGO, LONG_AGO))
            if seen[-1] == old:
                CHANGES[file](directory)
                assert _names(directory) == _names(whole)
                assert (directory / file).read_bytes() == new
    assert {call.name for call in calls} >= {"openat", "write", "fsync", "flock", "exit_group"}
    # Both sides of the rename were hit, and no third content was seen.
    assert seen == [old] * seen.count(old) + [new] * seen.count(new)
    assert min(seen.count(old), seen.count(new)) > 1


def test_writers_at_once_lose_nothing(tmp_path):
    """Eight processes add a profile each; who reads meanwhile sees whole ones, never fewer than before."""
    path = tmp_path / "config"
    path.write_bytes(b"[default]\nregion = us-east-1\n")
    subprocess.run([sys.executable, "-c", MANY_WRITERS, str(path)], check=True, timeout=60)
    document = AwsConfigDocument.parse(path.read_bytes())
    assert {section.name.name for section in document.sections} == {
        "default",
        *(f"p{number}" for number in range(8)),
    }
    assert document.values(SectionName("profile", "default")) == {"region": "us-east-1"}
    assert (tmp_path / "config.cone-backup").read_bytes() == b"[default]\nregion = us-east-1\n"


def _names(directory):
    return sorted(path.name for path in directory.iterdir())
