"""Writers that strace(1) kills at a system call of our choice.

As a program: for each directory read from stdin, fork, stop, change the file that ``argv[1]`` names in it,
and print the child's process id, then its wait status.
"""

import os
import re
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from cone_sidecar.aws_config.config_file import AwsConfigFile
from cone_sidecar.aws_config.lines import SectionName
from cone_sidecar.cone_config import ConeConfig
from cone_sidecar.secret import Secret

CALL = re.compile(r"(?:\d+ +)?(\w+)\(")
# Of the process alone, and not the same each time.
MEMORY = frozenset({"brk", "mmap", "munmap", "mremap", "madvise", "futex"})


class Call(NamedTuple):
    """A system call, and the how manieth of its name it is."""

    name: str
    number: int


def change_aws_config(directory: Path) -> None:
    """Add a profile."""
    with AwsConfigFile(directory / "config").change() as document:
        document.append_section(SectionName("profile", "new"), {"region": "eu-west-1"})


def change_cone_config(directory: Path) -> None:
    """Save a login."""
    config = ConeConfig.load({"CONE_CONFIG_PATH": str(directory)})
    config.save_client("new", "client-id", Secret("a-secret"))


CHANGES = {"config": change_aws_config, "config.yaml": change_cone_config}


class KilledWriters:
    """Children of one process that has imported everything."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def calls(self, directory: Path, trace: Path) -> list[Call]:
        """Change the file in ``directory`` and return the system calls made, noted in ``trace``."""
        assert self._run(directory, ["-o", str(trace)]) == 0
        counted: Counter[str] = Counter()
        calls = []
        for line in trace.read_text(errors="replace").splitlines():
            if (found := CALL.match(line)) and found[1] not in MEMORY:
                counted[found[1]] += 1
                calls.append(Call(found[1], counted[found[1]]))
        return calls

    def kill(self, directory: Path, call: Call) -> int:
        """Change the file in ``directory``, to be killed before ``call``; returns the wait status."""
        inject = f"inject={call.name}:signal=SIGKILL:when={call.number}"
        return self._run(directory, ["-o", os.devnull, "-e", inject])

    def _run(self, directory: Path, options: list[str]) -> int:
        assert self._process.stdin
        self._process.stdin.write(f"{directory}\n")
        self._process.stdin.flush()
        pid = self._line()
        command = ["strace", "-p", str(pid), *options]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as strace:
            assert strace.stderr
            attached = strace.stderr.readline()
            os.kill(pid, signal.SIGCONT)
            status = self._line()
            strace.stderr.read()
        assert "attached" in attached
        return status

    def _line(self) -> int:
        assert self._process.stdout
        return int(self._process.stdout.readline())


@contextmanager
def killed_writers(file: str) -> Iterator[KilledWriters]:
    """Run the process whose children change ``file``, ``config`` or ``config.yaml``."""
    with subprocess.Popen(
        [sys.executable, __file__, file], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield KilledWriters(process)
        assert process.stdin
        process.stdin.close()


def _serve(file: str) -> None:
    for line in iter(sys.stdin.readline, ""):
        pid = os.fork()
        if pid == 0:
            os.kill(os.getpid(), signal.SIGSTOP)
            CHANGES[file](Path(line.rstrip("\n")))
            os._exit(0)
        os.waitpid(pid, os.WUNTRACED)
        print(pid, flush=True)
        print(os.waitpid(pid, 0)[1], flush=True)


if __name__ == "__main__":
    _serve(sys.argv[1])
