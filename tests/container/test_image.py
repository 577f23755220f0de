"""The image: small, closed, and able to do its work."""

import json
import re
from pathlib import Path

import pytest

from cone_sidecar.clock import SystemClock

ROOT = Path(__file__).parents[2]
INVENTORY = Path(__file__).parent / "image_inventory.py"
PAGE = ROOT / "docs" / "containers.md"
STATED_SIZE = re.compile(r"adds (\d+) MiB to its base")
MEBIBYTE = 2**20
LOCKED_DOWN = (
    *("--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"),
    *("--network", "none", "--health-interval", "1s"),
)
STOP_LIMIT_S = 2.0

pytestmark = pytest.mark.container


@pytest.fixture(name="sidecar")
def _sidecar(docker, image):
    """Give a container that nothing is allowed to but to run."""
    container = docker.value("run", "--detach", *LOCKED_DOWN, image)
    yield container
    docker("rm", "--force", "--volumes", container, ok=False)


@pytest.fixture(scope="module", name="inventory")
def _inventory(docker, image):
    """Give what is in the image."""
    run = ("run", "--rm", "--interactive", "--user", "0", "--network", "none")
    return json.loads(
        docker.value(*run, "--entrypoint", "python", image, "-", stdin=INVENTORY.read_text())
    )


def test_it_starts_with_nothing_allowed_and_ends_at_once(docker, sidecar):
    """Read-only, without capabilities, network or configuration it is healthy, and ends with 0."""
    docker.wait_until_healthy(sidecar)
    token = docker.value("exec", sidecar, "python", "-c", TOKEN_MODE)
    assert token == "0o100600 65532"
    clock = SystemClock()
    started = clock.monotonic()
    docker("stop", sidecar)
    assert clock.monotonic() - started < STOP_LIMIT_S
    assert docker.value("inspect", "--format", "{{.State.ExitCode}}", sidecar) == "0"


TOKEN_MODE = (
    "import os; status = os.stat('/run/cone/token'); print(oct(status.st_mode), status.st_uid)"
)


def test_it_comes_back_after_it_was_killed(docker, sidecar):
    """What a killed sidecar left behind doesn't keep the next one from starting, or from being found."""
    docker.wait_until_healthy(sidecar)
    docker("kill", sidecar)
    docker("start", sidecar)
    started = docker.value("inspect", "--format", "{{.State.StartedAt}}", sidecar)
    docker.wait_until_healthy(sidecar, since=started)


def test_the_healthcheck_says_no_where_nothing_runs(docker, image):
    """Without a sidecar it ends with 1, the only "no" that engines know."""
    done = docker("run", "--rm", *LOCKED_DOWN, image, "healthcheck", ok=False)
    assert done.returncode == 1
    assert done.stderr == "cone: error: no sidecar is running\ncone: hint: cone serve\n"


@pytest.mark.parametrize(
    ("region", "domain"),
    [
        ("us-east-1", "us-east-1.amazonaws.com"),
        ("us-gov-west-1", "us-gov-west-1.amazonaws.com"),
        ("cn-north-1", "cn-north-1.amazonaws.com.cn"),
    ],
)
def test_botocore_still_knows_every_partition(docker, image, region, domain):
    """With most of its data gone, it constructs the clients that are used here."""
    module = ("-m", "cone_sidecar.identity_center.botocore_endpoints", region)
    run = ("run", "--rm", "--network", "none", "--read-only", "--entrypoint", "python")
    endpoints = json.loads(docker.value(*run, image, *module))
    assert endpoints == {"oidc": f"https://oidc.{domain}", "portal": f"https://portal.sso.{domain}"}


def test_nothing_in_it_gains_rights(inventory):
    """No file runs as somebody else, and nothing outside the volumes can be changed."""
    assert inventory["setuid"] == []
    assert inventory["ours"] == []
    assert inventory["world_writable"] == []


def test_no_secret_is_in_it(docker, image, inventory):
    """Neither in what we put there, nor in the image's variables and history."""
    assert inventory["secrets"] == []
    variables = json.loads(docker.value("inspect", "--format", "{{json .Config.Env}}", image))
    assert [each for each in variables if re.search("(SECRET|TOKEN|PASSWORD)=", each)] == []
    history = docker.value("history", "--no-trunc", "--format", "{{.CreatedBy}}", image)
    assert "secret-token:" not in history


def test_it_holds_what_it_needs_and_is_compiled(inventory):
    """No installer, no descriptions of services that aren't called, and bytecode for every module."""
    assert not {"pip", "setuptools", "hatchling"} & set(inventory["packages"])
    folders = [name for name in inventory["botocore_data"] if not name.endswith(".json")]
    assert folders == ["sso", "sso-oidc", "sts"]
    assert inventory["not_compiled"] == []


def test_it_does_not_grow_silently(inventory):
    """What it adds to its base is what the documentation states, within a twentieth."""
    stated = int(STATED_SIZE.search(PAGE.read_text())[1])
    measured = inventory["venv_bytes"] / MEBIBYTE
    assert measured == pytest.approx(stated, rel=0.05), f"{PAGE.name} says {stated} MiB"


def test_the_legacy_builder_makes_it_too(docker):
    """Nothing in the Dockerfile needs BuildKit."""
    tag = docker.build("cone-sidecar:test-legacy", buildkit=False)
    assert docker.value("run", "--rm", tag, "--version").startswith("cone-sidecar ")


def test_its_labels_say_what_it_is(docker, image):
    """Registries and scanners read the OCI annotations."""
    labels = json.loads(docker.value("inspect", "--format", "{{json .Config.Labels}}", image))
    assert labels["org.opencontainers.image.title"] == "cone-sidecar"
    assert labels["org.opencontainers.image.licenses"] == "Apache-2.0"
    assert labels["org.opencontainers.image.base.name"] == "python:3.13-slim"
