"""What tests in containers share: an engine that answers, and the image, built once."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
IMAGE = "cone-sidecar:test"
ENGINE_LIMIT_S = 20
BUILD_LIMIT_S = 600


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
        choice = {"DOCKER_BUILDKIT": "1" if buildkit else "0"}
        command = ("build", "-q", "-t", tag, *options, str(ROOT))
        self(*command, timeout=BUILD_LIMIT_S, environment=choice)
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


@pytest.fixture(scope="session", name="image")
def _image(docker):
    """Build the project's image."""
    return docker.build(IMAGE)
