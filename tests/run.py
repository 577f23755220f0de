"""Run all tests, an engine's included where one can be had; fail when anything fails or nothing ran."""

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# Starts an engine on machines that have none; elsewhere there is no such file.
ENGINE_STARTER = ROOT.parent / "shared" / "tools" / "docker-up"
SUITES = ("tests/unit", "tests/contract", "tests/e2e", "tests/attack", "tests/clients")
# Their processes wait for each other most of the time.
# One that hung isn't started again: it would hang again.
BESIDE = ("-n", "3", "--dist", "loadfile", "--max-worker-restart", "0")
OPTIONS = {
    "tests/unit": BESIDE,
    "tests/contract": BESIDE,
    "tests/e2e": BESIDE,
    "tests/attack": BESIDE,
    # Every client in every case: make matrix.
    "tests/clients": (*BESIDE, "-m", "not matrix"),
    # In the order that their conftest.py gives them, not by their number of tests.
    "tests/container": (*BESIDE, "--no-loadscope-reorder"),
}
# The same examples each time: a run tells of the change, and pytest by itself goes on looking for new ones.
REPEATABLE = ("--hypothesis-profile=ci",)
EXPORT = re.compile(r"^export (\w+)=(\S*)$", re.MULTILINE)


def main() -> int:
    """Run the suites; returns the exit code of ``make test``."""
    environment = dict(os.environ)
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # A script that runs us in the background had its shell do that; commands under test are interrupted.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGQUIT, signal.SIG_DFL)
    # Before the clients: one of them lives in a container.
    reason = engine(environment)
    failed = [suite for suite in SUITES if run(suite, environment) != 0]
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
    command = [sys.executable, "-m", "pytest", "-q", *REPEATABLE, *OPTIONS.get(suite, ()), suite]
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode


def engine(environment: dict[str, str]) -> str:
    """Find or start a container engine; returns why there is none, empty where one answers."""
    if ENGINE_STARTER.exists():
        started = subprocess.run(
            [ENGINE_STARTER], capture_output=True, text=True, timeout=600, check=False
        )
        if started.returncode == 0:
            environment.update(EXPORT.findall(started.stdout))
            return ""
        return "the engine could not be started"
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
