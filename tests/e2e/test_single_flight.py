"""However many ask at once, upstream hears of it once."""

import asyncio
import os
import signal
import subprocess
import urllib.parse
from concurrent.futures import ThreadPoolExecutor

import pytest

from cone_cli.stage import cone_command

SCENARIO = """\
tenant: acme
accounts: [{id: "100000000001", name: Production}]
permission_sets:
  - {account: Production, name: Herd, policy: auto}
  - {account: Production, name: Pack, policy: auto}
  - {account: Production, name: Widow, policy: auto}
lags: {provisioning: 500ms, propagation: 300ms}
"""


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
    assert upstream(stage) == {"requests": 1, "given": 1, "sign_ins": 1}


def test_eight_processes_on_a_cold_profile(stage):
    """Eight processes at once print the same credentials, and upstream hears of it once."""
    stage.control("DELETE", "/requests")
    with ThreadPoolExecutor(8) as pool:
        done = list(
            pool.map(lambda _: stage.cone("aws", "credentials", "production-pack"), range(8))
        )
    assert {each.returncode for each in done} == {0}
    assert len({each.stdout for each in done}) == 1
    assert upstream(stage) == {"requests": 1, "given": 1, "sign_ins": 0}


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
