"""Run all tests, an engine's included where one can be had; fail when anything fails or nothing ran."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# Starts an engine on machines that have none; elsewhere there is no such file.
ENGINE_STARTER = ROOT.parent / "shared" / "tools" / "docker-up"
ALONE = ("tests/unit", "tests/contract", "tests/e2e", "tests/attack")
# Their processes wait for each other most of the time. One that hung would hang again: it isn't restarted.
BESIDE = ("-n", "3", "--dist", "loadfile", "--max-worker-restart", "0")
OPTIONS = {
    # Every client in every case: make matrix.
    "tests/clients": ("-m", "not matrix"),
    # In the order that their conftest.py gives them, not by their number of tests.
    "tests/container": ("--no-loadscope-reorder",),
}
# The same examples each time: a run tells of the change, and pytest by itself goes on looking for new ones.
REPEATABLE = ("--hypothesis-profile=ci",)
EXPORT = re.compile(r"^export (\w+)=(\S*)$", re.MULTILINE)


def main() -> int:
    """Run the suites; returns the exit code of ``make test``."""
    environment = dict(os.environ)
    # It may have to be installed first, which goes on beside those that need none.
    starting = start_engine()
    failed = [suite for suite in ALONE if run(suite, environment) != 0]
    reason = engine(starting, environment)
    # One of the clients lives in a container.
    if run("tests/clients", environment) != 0:
        failed.append("tests/clients")
    if reason:
        banner(f"THE CONTAINER TESTS DID NOT RUN: {reason}")
    elif run("tests/container", environment) != 0:
        failed.append("tests/container")
    if failed:
        banner(f"FAILED: {', '.join(failed)}")
        return 1
    print("all tests passed")
    return 0


def run(suite: str, environment: dict[str, str]) -> int:
    """Run one suite; a suite in which no test ran has failed."""
    print(f"== {suite}", flush=True)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        *BESIDE,
        *REPEATABLE,
        *OPTIONS.get(suite, ()),
        suite,
    ]
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode


def start_engine() -> subprocess.Popen[str] | None:
    """Have an engine started where one can be."""
    if not ENGINE_STARTER.exists():
        return None
    return subprocess.Popen([ENGINE_STARTER], stdout=subprocess.PIPE, text=True)


def engine(starting: subprocess.Popen[str] | None, environment: dict[str, str]) -> str:
    """Find the container engine; returns why there is none, empty where one answers."""
    if starting:
        try:
            told, _ = starting.communicate(timeout=600)
        except subprocess.TimeoutExpired:
            starting.kill()
            return "the engine took too long to start"
        environment.update(EXPORT.findall(told))
        return "the engine could not be started" if starting.returncode else ""
    if not shutil.which("docker"):
        return "there is no docker command"
    answered = subprocess.run(
        ["docker", "version"], capture_output=True, timeout=30, check=False
    ).returncode
    return "" if answered == 0 else "no container engine answers"


def banner(text: str) -> None:
    """Say it so that nobody misses it."""
    line = "!" * (len(text) + 6)
    print(f"\n{line}\n!! {text} !!\n{line}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
