"""The image at work: each command imports, the sidecar serves within its limits, and ends at once."""

import json
import os
from pathlib import Path

import pytest

from cone_sidecar.clock import SystemClock
from fakes.certificate import write_certificate
from fakes.simulated_containers import LOCKED_DOWN, SimulatedContainers

PROFILE = "production-admin"
PAGE = Path(__file__).parents[2] / "docs" / "containers.md"
STATED_LIMITS = ("-m", "64m", "--pids-limit", "32")
LIMITS = (*STATED_LIMITS, "--memory-swap", "64m")
REQUESTS = 1000
# Half a second where nothing else runs; without an answer to who waits it would be more than five.
STOP_LIMIT_S = 2.0
NEVER_GRANTED = """\
tenant: acme
accounts: [{id: "100000000001", name: Production}]
permission_sets: [{account: Production, name: Admin, policy: machine, lags: {policy_step: 1h}}]
"""
EVERY_MODULE = """
import importlib, pkgutil
import cone_cli, cone_sidecar
from cone_cli.dispatch import COMMANDS, dispatch
for package in (cone_cli, cone_sidecar):
    for found in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        importlib.import_module(found.name)
for command in COMMANDS:
    assert dispatch([*command.words, "--help"]) == 0, command
print("all of them")
"""
CONSTRUCTED = """
import boto3
for service in ("sso", "sso-oidc", "sts"):
    for partition in boto3.Session().get_available_partitions():
        for region in boto3.Session().get_available_regions(service, partition_name=partition):
            client = boto3.client(service, region_name=region)
            assert region in client.meta.endpoint_url, client.meta.endpoint_url
print("all of them")
"""
CONNECTED = """
import socket, sys
idle = []
for _ in range(50):
    connection = socket.create_connection(("127.0.0.1", 9911), 10)
    connection.sendall(b"GET / HTTP/1.1\\r\\nHost: 127.0.0.1:9911\\r\\n\\r\\n")
    assert connection.recv(4096).startswith(b"HTTP/1.1 401 ")
    idle.append(connection)
waiting = socket.create_connection(("127.0.0.1", 9911), 40)
lines = ("GET /credentials/production-admin HTTP/1.1", "Host: 127.0.0.1:9911", "Accept: */*",
         "User-Agent: Go-http-client/1.1", "Authorization: " + sys.argv[1], "", "")
waiting.sendall("\\r\\n".join(lines).encode())
print("connected")
print(waiting.recv(4096).decode().splitlines()[0])
"""

pytestmark = pytest.mark.container


@pytest.fixture(name="containers")
def _containers(docker, image):
    """Give a simulator's and a sidecar's containers, not started yet."""
    containers = SimulatedContainers(docker, image)
    yield containers
    containers.end()


def run_in(docker, image, program, *options):
    """Run a program with the image's own Python, and return what it prints."""
    run = ("run", "--rm", *LOCKED_DOWN, "--network", "none", *options, "--entrypoint", "python")
    return docker.value(*run, image, "-c", program)


def test_each_module_and_command_is_whole(docker, image):
    """With much of the libraries gone, every module imports and every command tells of itself."""
    assert run_in(docker, image, EVERY_MODULE).splitlines()[-1] == "all of them"


def test_each_client_of_aws_can_be_constructed(docker, image):
    """boto3 makes those of Identity Center and STS for every region of every partition."""
    unsigned = ("--env", "AWS_ACCESS_KEY_ID=none", "--env", "AWS_SECRET_ACCESS_KEY=none")
    assert run_in(docker, image, CONSTRUCTED, *unsigned) == "all of them"


def test_the_demo_runs_in_it(docker, image):
    """Without a network: simulator, setup, sign-in, sidecar, and boto3 through all of it."""
    tmpfs = ("--tmpfs", "/tmp")  # noqa: S108 -- the container's own
    shown = docker.value("run", "--rm", *LOCKED_DOWN, "--network", "none", *tmpfs, image, "demo")
    assert "STS confirmed: arn:aws:sts::100000000001:assumed-role/AWSReservedSSO_Admin_" in shown


def test_it_serves_within_its_limits(docker, containers):
    """What the page states is enough for a login, a request, a sign-in and 1,000 answers."""
    assert " ".join(STATED_LIMITS) in PAGE.read_text()
    sidecar = containers.start_simulator().start_sidecar(*LIMITS)
    statuses, body = containers.ask(PROFILE, count=REQUESTS)
    assert statuses == [200] * REQUESTS
    assert json.loads(body)["AccountId"] == "100000000001"
    assert docker.value("inspect", "--format", "{{.State.OOMKilled}}", sidecar) == "false"


def test_it_serves_over_tls(containers, tmp_path):
    """With a certificate on a mount, a client that trusts it is answered."""
    chain, key = write_certificate(tmp_path)
    for path in (tmp_path, chain, key):
        os.chmod(path, 0o755)
    files = {"CONE_TLS_CERT": "/tls/certificate.pem", "CONE_TLS_KEY": "/tls/key.pem"}
    mount = f"--volume={tmp_path}:/tls:ro"
    containers.start_simulator().start_sidecar(mount, environment=files)
    assert containers.ask(PROFILE, authority=chain.read_text())[0] == [200]


def test_it_ends_at_once_whoever_is_connected(docker, containers, tmp_path):
    """50 idle connections and a client that waits don't hold it up; the client gets an answer."""
    scenario = tmp_path / "scenario.yaml"
    scenario.write_text(NEVER_GRANTED)
    os.chmod(scenario, 0o644)
    os.chmod(tmp_path, 0o755)
    mount = ("--volume", f"{scenario}:/scenario.yaml:ro")
    containers.start_simulator("--scenario", "/scenario.yaml", run=mount)
    sidecar = containers.start_sidecar("--health-interval", "1s")
    docker.wait_until_healthy(sidecar)
    with containers.start_client(CONNECTED) as client:
        assert client.stdout.readline() == "connected\n"
        clock = SystemClock()
        started = clock.monotonic()
        docker("stop", sidecar)
        took = clock.monotonic() - started
        assert client.stdout.readline().startswith("HTTP/1.1 503 ")
    assert took < STOP_LIMIT_S
    assert docker.value("inspect", "--format", "{{.State.ExitCode}}", sidecar) == "0"
