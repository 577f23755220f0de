"""The dev container beside the sidecar: the Compose example, started by the dev containers' own tools."""

import os
import re
import shutil
import tempfile
from pathlib import Path

import pytest

from fakes.devcontainer_cli import DevContainerCli

EXAMPLE = Path(__file__).parents[2] / "examples" / "devcontainer-compose"
IDENTITY = re.compile(
    r"arn:aws:sts::100000000001:assumed-role/AWSReservedSSO_(\w+)_\w{16}/ada@example\.com"
)
BOTO3 = "import boto3; print(boto3.client('sts').get_caller_identity()['Arn'])"
AWS_CLI = ("aws", "sts", "get-caller-identity", "--query", "Arn", "--output", "text")
FULL_URI = "AWS_CONTAINER_CREDENTIALS_FULL_URI"
READ_ONLY = "http://127.0.0.1:9911/credentials/production-readonly"

pytestmark = pytest.mark.container


@pytest.fixture(name="devcontainer")
def _devcontainer(docker):
    """Give the tools for the example, as a project of its own; whatever they made is removed."""
    if not shutil.which("node"):
        pytest.skip("NOT RUN: there is no node here")
    project = f"cone-test-devcontainer-{os.getpid()}"
    folder = Path(tempfile.mkdtemp(prefix="devcontainer-"))
    cli = DevContainerCli(folder, docker)

    def run(command, *arguments):
        where = ("--workspace-folder", str(EXAMPLE))
        environment = {"COMPOSE_PROJECT_NAME": project}
        return cli(command, *where, *arguments, environment=environment)

    yield run
    shutil.rmtree(folder)
    docker("compose", "-p", project, "down", "--volumes", "--timeout", "3", ok=False)
    # The tools' image is made from the app's.
    for reference in ("vsc-devcontainer-compose-*", f"{project}-app"):
        for image in docker.value("images", "-q", "--filter", f"reference={reference}").split():
            docker("rmi", "--force", image, ok=False)


def test_the_dev_container_beside_the_sidecar(devcontainer):
    """Attached with one line of status, boto3 and the AWS CLI have an identity, of either profile."""
    up = devcontainer("up")
    assert "cone: 0 of 2 profiles ready" in up.stderr
    identity = IDENTITY.fullmatch(devcontainer("exec", "python", "-c", BOTO3).stdout.strip())
    assert identity
    assert identity[1] == "Admin"
    assert devcontainer("exec", *AWS_CLI).stdout.strip() == identity[0]
    other = devcontainer("exec", "env", f"{FULL_URI}={READ_ONLY}", *AWS_CLI).stdout.strip()
    assert IDENTITY.fullmatch(other)[1] == "ReadOnly"
    assert devcontainer("exec", "id", "-un").stdout.strip() == "vscode"
    again = devcontainer("up", "--remove-existing-container")
    assert "cone: 2 of 2 profiles ready (production-admin, production-readonly)" in again.stderr
