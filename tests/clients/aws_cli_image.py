"""The image that holds the AWS CLI v2: built once for each content of its Dockerfile."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

DOCKERFILE = Path(__file__).parents[1] / "container" / "aws_cli_v2" / "Dockerfile"
LIMIT_S = 20
BUILD_LIMIT_S = 600
TOOK_TOO_LONG = 124


def tag():
    """Return the image's name."""
    content = hashlib.sha256(DOCKERFILE.read_bytes()).hexdigest()[:12]
    return f"cone-sidecar-test-aws-cli-v2:{content}"


def prepare():
    """Build the image where it isn't there; returns the version in it, or empty and why there is none."""
    if not shutil.which("docker"):
        return "", "there is no docker here"
    if docker("version").returncode:
        return "", "no container engine answers"
    known = Path(tempfile.gettempdir()) / f"{tag().replace(':', '-')}-{os.getuid()}.version"
    # Processes that collect tests side by side wait for the one that builds.
    with known.open("a+") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        held.seek(0)
        version = held.read()
        if docker("image", "inspect", tag()).returncode:
            build = ("build", "-q", "-t", tag(), str(DOCKERFILE.parent))
            built = docker(*build, limit_s=BUILD_LIMIT_S)
            if built.returncode:
                last = (built.stderr.strip().splitlines() or ["no output"])[-1]
                return "", f"its image can't be built: {last}"
            version = ""
        if not version:
            version = version_inside()
            held.truncate(0)
            held.write(version)
    return version, ""


def version_inside():
    """Return the AWS CLI's version in the image."""
    show = ("dpkg-query", "--show", "--showformat", "${Version}", "awscli")
    return docker("run", "--rm", "--network=none", tag(), *show).stdout.partition("-")[0]


def docker(*arguments, limit_s=LIMIT_S):
    """Run ``docker`` to its end, however it ends; taking too long is failing."""
    command = ["docker", *arguments]
    try:
        return subprocess.run(
            command,
            # The builder whose cache has the same layer for the Compose recipes' app.
            env={**os.environ, "DOCKER_BUILDKIT": "1"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=limit_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(command, TOOK_TOO_LONG, "", "it took too long")
