"""What our ``credential_process`` must do: rules 1 to 8 of sdk-contract §7, on the real command."""

import json
import os
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from cone_cli import credential_process
from cone_cli.stage import cone_command
from fakes.process_stage import GOOD, REFUSED

FIELDS = ["Version", "AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration", "AccountId"]
LIMIT_S = 60
# Go kills the process after 60 seconds.
HARD_LIMIT_S = 55
LEAST_LIFE = timedelta(minutes=15)
# Of a machine that does other things as well; what is hoped for is 150 ms.
MOST_MODULES = 40
PACKET = 65536


def timed(run, *arguments):
    began = time.monotonic()  # noqa: TID251 -- a client's own clock
    done = run(*arguments)
    return done, time.monotonic() - began  # noqa: TID251 -- likewise


def test_rule_01_one_object_on_one_line(stage):
    """Rule 1: the six fields, Version the number 1, Expiration with a Z, and the exit code 0.

    Any text before it fails in every client, and Go prints all of it; without Expiration C++ asks per
    call, and all others never again.
    """
    done = stage.credentials()
    assert done.returncode == 0
    assert done.stdout.count("\n") == 1
    assert done.stdout.endswith("}\n")
    found = json.loads(done.stdout)
    assert list(found) == FIELDS
    assert found["Version"] == 1
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", found["Expiration"])
    assert found["AccountId"] == "100000000001"
    assert all(found.values())


@pytest.mark.parametrize("profile", [GOOD, "p-fresh"])
def test_rule_02_stdout_is_written_once(stage, profile):
    """Rule 2: from the cache or not, all of it comes in one piece, as the last thing that is done."""
    read, write = os.pipe2(os.O_DIRECT)
    with subprocess.Popen(
        [*cone_command(), "aws", "credentials", profile],
        env=stage.environment,
        stdin=subprocess.DEVNULL,
        stdout=write,
    ):
        os.close(write)
        pieces = list(iter(lambda: os.read(read, PACKET), b""))
        os.close(read)
    assert len(pieces) == 1
    assert json.loads(pieces[0])["Version"] == 1


@pytest.mark.parametrize("profile", REFUSED)
def test_rule_02_nothing_on_stdout_on_failure(stage, profile):
    """Rule 2: Go prints stdout in its error."""
    done = stage.credentials(profile)
    assert done.returncode != 0
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("profile", "action"),
    [
        ("p-approval", "cone task get"),
        ("p-deny", "was denied"),
        ("p-form", "cone get --app-id"),
        ("p-nobody", "cone aws setup"),
    ],
)
def test_rule_03_failure_tells_what_to_do(stage, profile, action):
    """Rule 3: a few lines on stderr, and an exit code that is no shell's own.

    One ASCII line is what clients show best. The outcomes of a request keep the words of ConductorOne's
    own ``cone``, in more lines and with its dash.
    """
    stage.credentials(profile)
    done = stage.credentials(profile)
    assert 0 < done.returncode < 126
    lines = done.stderr.splitlines()
    assert action in done.stderr
    assert len(lines) <= 6
    assert all(line.replace("—", "-").isascii() for line in lines)
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("profile", [GOOD, "p-other"])
def test_rule_04_success_is_silent(stage, profile):
    """Rule 4: where access is there, cached or not, stderr is empty: Go and Ruby show it each time."""
    assert stage.credentials(profile).stderr == ""
    assert stage.credentials(profile).stderr == ""


@pytest.mark.parametrize("profile", [GOOD, *REFUSED])
def test_rule_05_stdin_is_never_read(stage, profile):
    """Rule 5: a pipe that never closes, as JavaScript's, keeps nobody waiting, and stays as it was."""
    read, write = os.pipe()
    try:
        os.write(write, b"y\n")
        subprocess.run(
            [*cone_command(), "aws", "credentials", profile],
            env=stage.environment,
            stdin=read,
            capture_output=True,
            timeout=LIMIT_S,
            check=False,
            start_new_session=True,
        )
        os.set_blocking(read, False)
        assert os.read(read, 10) == b"y\n"
    finally:
        os.close(read)
        os.close(write)


def test_rule_06_how_long_it_takes(stage):
    """Rule 6: less than a second from the cache, and less than ten to say no."""
    stage.document()
    assert min(timed(stage.credentials)[1] for _ in range(3)) < 1
    for profile in REFUSED:
        done, seconds = timed(stage.credentials, profile)
        assert done.returncode != 0
        assert seconds < 10


def test_rule_06_the_hard_limit(stage):
    """Rule 6: however long machines decide, it ends before Go kills it: here, its time is nearly over."""
    assert credential_process.WAIT_LIMIT_S < HARD_LIMIT_S
    gone = credential_process.WAIT_LIMIT_S - 4
    late = (
        "import sys; from cone_cli import credential_process as process; "
        f"process.STARTED -= {gone}; from cone_cli.main import main; sys.exit(main())"
    )
    command = [sys.executable, "-c", late, "aws", "credentials", "p-never"]
    done, seconds = timed(stage.attempt, command)
    assert done.returncode == 1
    assert "is still processing. Retry the command shortly" in done.stderr
    assert gone + seconds < HARD_LIMIT_S


@pytest.mark.parametrize("profile", [GOOD, "p-approval"])
def test_rule_06_nobody_holds_the_streams(stage, profile):
    """Rule 6: when it ends, both streams end: Go waits for whoever has them open."""
    with subprocess.Popen(
        [*cone_command(), "aws", "credentials", profile],
        env=stage.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as child:
        child.wait(LIMIT_S)
        for stream in (child.stdout, child.stderr):
            os.set_blocking(stream.fileno(), False)
            # A stream that somebody holds would have nothing to read instead of an end.
            assert stream.read() is not None
            assert stream.read() == b""


def test_rule_07_many_at_once(stage):
    """Rule 7: a parallel build starts many at the same instant: all of them get the same, for one call."""
    stage.forget_requests()
    with ThreadPoolExecutor(10) as pool:
        done = list(pool.map(lambda _: stage.credentials("p-pack"), range(10)))
    assert {each.returncode for each in done} == {0}
    assert len({each.stdout for each in done}) == 1
    assert len(stage.statuses("TaskService.CreateGrantTask")) == 1
    assert stage.statuses("GetRoleCredentials").count(200) == 1


def test_rule_07_it_starts_quickly(stage):
    """Rule 7: it may run once per API call, so what is cached costs no question and a handful of modules."""
    stage.document()
    stage.forget_requests()
    quiet = "import sys; from cone_cli.main import main; code = main(); "
    count = "sys.stderr.write(str(len(sys.modules))); sys.exit(code)"
    bare = stage.attempt(
        [sys.executable, "-c", "import sys; sys.stderr.write(str(len(sys.modules)))"]
    )
    done = stage.attempt([sys.executable, "-c", quiet + count, "aws", "credentials", GOOD])
    assert done.returncode == 0
    assert int(done.stderr) - int(bare.stderr) < MOST_MODULES
    assert stage.operations() == []


def test_rule_07_a_running_sidecar_is_asked(stage):
    """Rule 7: a fresh process takes what the sidecar has at hand, and costs nothing upstream."""
    stage.start_sidecar()
    served = stage.ask_sidecar("p-other")[1]
    stage.forget_credentials()
    stage.forget_requests()
    assert stage.document("p-other")["AccessKeyId"] == served["AccessKeyId"]
    assert stage.statuses("GetRoleCredentials") == []


def test_rule_08_enough_life(stage):
    """Rule 8: what is cached has 15 minutes left: botocore would run it per call below that."""
    left = datetime.fromisoformat(stage.document()["Expiration"]) - datetime.now(UTC)  # noqa: TID251 -- a client's
    assert left > LEAST_LIFE


@pytest.mark.parametrize(("minutes", "same"), [(10, True), (46, False)])
def test_rule_08_what_has_less_is_fetched_anew(stage, minutes, same):
    """Rule 8: ten minutes later an hour's credentials come from the cache, 46 minutes later not."""
    later = (
        "import sys, time; from datetime import timedelta; from cone_sidecar.clock import SystemClock; "
        f"seconds = {minutes} * 60; now, epoch = SystemClock.now, time.time; "
        "SystemClock.now = lambda self: now(self) + timedelta(seconds=seconds); "
        "time.time = lambda: epoch() + seconds; "
        "from cone_cli.main import main; sys.exit(main())"
    )
    first = stage.document()
    done = stage.attempt([sys.executable, "-c", later, "aws", "credentials", GOOD])
    assert done.returncode == 0, done.stderr
    second = json.loads(done.stdout)
    assert (first["AccessKeyId"] == second["AccessKeyId"]) is same
