"""What tests in containers share: an engine that answers, and the image, built once."""

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from fakes.compose_recipe import EXAMPLES, Recipe, credentials_network

ROOT = Path(__file__).parents[2]
IMAGE = "cone-sidecar:test"
ENGINE_LIMIT_S = 20
BUILD_LIMIT_S = 600
# Told, because old engines take the other builder by themselves, and each has a cache of its own.
BUILDKIT = {"DOCKER_BUILDKIT": "1"}
# Begun first, so that nobody is left with one of them while the others have nothing to do any more.
LONGEST_FILES = ("test_devcontainer_feature", "test_image", "test_compose_killed")
# By the variables that the recipes take them from.
RECIPE_IMAGES = {"CONE_IMAGE": str(ROOT), "CONE_DEMO_APP": str(EXAMPLES / "demo" / "app")}


def pytest_collection_modifyitems(items):
    """Put the files that take longest in front; all others stay in their order."""
    items.sort(key=lambda item: (*LONGEST_FILES, item.path.stem).index(item.path.stem))


class Engine:
    """A container engine, by its command line."""

    def __call__(self, *arguments, ok=True, timeout=120, environment=(), stdin=None):
        """Run ``docker`` to its end; it has to end with 0 unless ``ok`` is false."""
        done = subprocess.run(
            ["docker", *arguments],
            env={**os.environ, **dict(environment)},
            input=stdin,
            stdin=None if stdin is not None else subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        assert done.returncode == 0 or not ok, done.stderr[-4000:]
        return done

    def value(self, *arguments, **options):
        """Run ``docker`` and return what it prints."""
        return self(*arguments, **options).stdout.strip()

    def build(self, tag, *options, buildkit=True):
        """Build the project's image."""
        choice = BUILDKIT if buildkit else {"DOCKER_BUILDKIT": "0"}
        command = ("build", "-q", "-t", tag, *options, str(ROOT))
        self(*command, timeout=BUILD_LIMIT_S, environment=choice)
        return tag

    def build_once(self, folder):
        """Build what tests run beside ours, once for each content of its Dockerfile; returns its tag."""
        content = hashlib.sha256((folder / "Dockerfile").read_bytes()).hexdigest()[:12]
        tag = f"cone-sidecar-test-{folder.name.replace('_', '-')}:{content}"
        if self("image", "inspect", tag, ok=False).returncode:
            command = ("build", "-q", "-t", tag, str(folder))
            self(*command, timeout=BUILD_LIMIT_S, environment=BUILDKIT)
        return tag

    def layers(self, image):
        """Return the digests of an image's layers."""
        return json.loads(self.value("inspect", "--format", "{{json .RootFS.Layers}}", image))

    def wait_until_healthy(self, container, *, since="0", limit_s=60):
        """Wait for the container's healthcheck to say that it is healthy."""
        command = ["docker", "events", "--since", since, "--format", "{{.Status}}"]
        command += ["--filter", f"container={container}", "--filter", "event=health_status"]
        with subprocess.Popen(
            ["timeout", str(limit_s), *command], stdout=subprocess.PIPE, text=True
        ) as events:
            for line in events.stdout:
                if line.strip() == "health_status: healthy":
                    events.kill()
                    return
        pytest.fail(f"not healthy in {limit_s} s: {self('logs', container).stderr[-2000:]}")


@pytest.fixture(scope="session", name="docker")
def _docker():
    """Give the engine; without one, its tests say that they did not run."""
    if not shutil.which("docker"):
        pytest.skip("NOT RUN: there is no docker here")
    try:
        answer = Engine()(
            "version", "--format", "{{.Server.Version}}", ok=False, timeout=ENGINE_LIMIT_S
        )
    except subprocess.TimeoutExpired:
        pytest.skip("NOT RUN: the container engine doesn't answer")
    if answer.returncode != 0:
        pytest.skip(f"NOT RUN: no container engine answers: {answer.stderr.strip()[-200:]}")
    return Engine()


@pytest.fixture(scope="session", name="building")
def _building(tmp_path_factory):
    """Give what is held while an image is built: the other workers find its layers afterwards."""

    @contextlib.contextmanager
    def building():
        with (tmp_path_factory.getbasetemp().parent / "building").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    return building


@pytest.fixture(scope="session", name="image")
def _image(docker, building):
    """Build the project's image."""
    with building():
        return docker.build(IMAGE)


@pytest.fixture(scope="session", name="recipe_images")
def _recipe_images(docker, building):
    """Build what the Compose recipes run, once, under names that no other run on this engine has."""
    if docker("compose", "version", ok=False).returncode != 0:
        pytest.skip("NOT RUN: this docker has no compose plugin")
    names = {name: f"{name.lower().replace('_', '-')}:{os.getpid()}" for name in RECIPE_IMAGES}
    for name, directory in RECIPE_IMAGES.items():
        command = ("build", "-q", "-t", names[name], directory)
        with building():
            docker(*command, timeout=BUILD_LIMIT_S, environment=BUILDKIT)
    yield names
    docker("image", "rm", *names.values(), ok=False)


@pytest.fixture(name="recipes", scope="module")
def _recipes(docker, recipe_images):
    """Give the Compose recipes by their names, one at a time; whatever was started is removed.

    Asked for again, the one that is there is given as it stands, unless files were laid over it.
    """
    started = {}
    network = contextlib.ExitStack()

    def recipe(name, *further):
        if further or (name,) not in started:
            down()
            file = EXAMPLES / name / "compose.yaml"
            network.enter_context(credentials_network(file))
            project = f"cone-test-{os.getpid()}"
            started[name, *further] = Recipe(docker, file, project, *further)
        return started[name, *further]

    def down():
        for each in started.values():
            each.down()
        started.clear()
        network.close()

    with pytest.MonkeyPatch.context() as patch:
        # Port 0 is any that is free.
        for name, value in {
            **recipe_images,
            "CONE_STATUS_PORT": "0",
            "SIMULATOR_PORT": "0",
        }.items():
            patch.setenv(name, value)
        yield recipe
        down()
