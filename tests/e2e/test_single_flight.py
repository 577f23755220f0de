"""However many ask at once, upstream hears of it once."""

import asyncio
import contextlib
import os
import signal
import subprocess
import urllib.parse
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cone_cli.stage import cone_command

SCENARIO = """\
tenant: acme
accounts: [{id: "100000000001", name: Production}]
permission_sets:
  - {account: Production, name: Herd, policy: auto}
  - {account: Production, name: Pack, policy: auto}
  - {account: Production, name: Widow, policy: auto}
  - {account: Production, name: Orphans, policy: auto}
lags: {provisioning: 500ms}
"""


# What a profile costs upstream, for which there is a session and no grant.
ONCE = {"requests": 1, "given": 1, "refused at most once": True, "sign_ins": 0}


@pytest.fixture(name="stage", scope="module")
def _stage(simulated_once):
    return simulated_once.start(SCENARIO, "--auto-confirm")


def upstream(stage):
    """Count what matters upstream: requests, credentials that were given and refused."""
    seen = stage.operations()
    fetches = [status for name, status in seen if name == "GetRoleCredentials"]
    return {
        "requests": sum(name == "TaskService.CreateGrantTask" for name, _ in seen),
        "given": fetches.count(200),
        "refused at most once": fetches.count(403) <= 1,
        "sign_ins": sum(name == "StartDeviceAuthorization" for name, _ in seen),
    }


async def ask(host, port, request):
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(request)
    status = (await reader.readline()).split()[1]
    writer.close()
    return int(status)


async def herd(url, token, callers):
    parts = urllib.parse.urlsplit(url)
    request = (
        f"GET {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nUser-Agent: Go-http-client/1.1\r\n"
        f"Accept: application/json\r\nAuthorization: {token}\r\n\r\n"
    ).encode()
    asked = [ask(parts.hostname, parts.port, request) for _ in range(callers)]
    return await asyncio.gather(*asked)


async def test_a_herd_of_200_on_a_cold_profile(stage):
    """200 concurrent requests cost one request, one sign-in and one fetch; all are served."""
    stage.start_sidecar()
    environment = stage.sidecar_environment("production-herd")
    stage.control("DELETE", "/requests")
    answers = await herd(
        environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"],
        environment["AWS_CONTAINER_AUTHORIZATION_TOKEN"],
        200,
    )
    assert set(answers) == {200}
    assert upstream(stage) == ONCE | {"sign_ins": 1}


def test_eight_processes_on_a_cold_profile(stage):
    """Eight processes at once print the same credentials, and upstream hears of it once."""
    stage.control("DELETE", "/requests")
    with ThreadPoolExecutor(8) as pool:
        done = list(
            pool.map(lambda _: stage.cone("aws", "credentials", "production-pack"), range(8))
        )
    assert {each.returncode for each in done} == {0}
    assert len({each.stdout for each in done}) == 1
    assert upstream(stage) == ONCE


def test_a_killed_leader_blocks_nobody(stage):
    """When the process that asks for access is killed, the next one takes over its request."""
    stage.control("DELETE", "/requests")
    command = [*cone_command(), "aws", "credentials", "production-widow"]
    with subprocess.Popen(
        command, env=stage.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as leader:
        for line in leader.stderr:
            if line.startswith(b"Access request submitted"):
                break
        os.kill(leader.pid, signal.SIGKILL)
    done = stage.cone("aws", "credentials", "production-widow")
    assert done.returncode == 0, done.stderr
    # The second one asked as well, and was told of the first one's task.
    statuses = [s for name, s in stage.operations() if name == "TaskService.CreateGrantTask"]
    assert statuses.count(200) == 1


def test_the_followers_of_a_killed_leader_go_on(stage):
    """Those that were waiting for it when it was killed choose another one, and all are served."""
    stage.forget_requests()
    stage.control("POST", "/faults", {"operation": "CreateGrantTask", "hang": True, "count": 1})
    command = ["aws", "credentials", "production-orphans"]
    with contextlib.ExitStack() as processes:
        leader = processes.enter_context(started(stage, command))
        while not stage.statuses("TaskService.CreateGrantTask"):
            assert leader.poll() is None
        followers = [processes.enter_context(started(stage, command)) for _ in range(3)]
        while not all(waits_for_the_lock(follower) for follower in followers):
            assert {follower.poll() for follower in followers} == {None}
        leader.kill()
        said = [follower.communicate(timeout=60) for follower in followers]
    assert {follower.returncode for follower in followers} == {0}, said
    assert len({stdout for stdout, _ in said}) == 1
    assert upstream(stage)["given"] == 1


def started(stage, command):
    return subprocess.Popen(
        [*cone_command(), *command],
        env=stage.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def waits_for_the_lock(process):
    """Tell whether ``process`` has the lock's file open; it takes nothing else on its way there."""
    with contextlib.suppress(OSError):
        for link in Path(f"/proc/{process.pid}/fd").iterdir():
            with contextlib.suppress(OSError):
                if os.readlink(link).endswith(".lock"):
                    return True
    return False
