"""The Compose examples, run as they are."""

import os
import re
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples" / "compose"
UP_LIMIT_S = 600
CONTROL = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")

pytestmark = pytest.mark.container


@pytest.fixture(name="compose")
def _compose(docker):
    """Give Compose for one example; whatever it made is removed."""
    if docker("compose", "version", ok=False).returncode != 0:
        pytest.skip("NOT RUN: this docker has no compose plugin")
    used = []

    def run(example, *arguments, **options):
        project = ("compose", "-p", f"cone-test-{os.getpid()}", "-f", str(EXAMPLES / example))
        used.append(project)
        return docker(*project, *arguments, **options)

    yield run
    for project in {*used}:
        docker(*project, "down", "--volumes", "--rmi", "local", "--timeout", "5", ok=False)


def test_an_app_in_the_sidecar_s_network_gets_its_identity(compose):
    """An unmodified boto3 with no grant at the start is who STS says, and no secret is logged."""
    example = "shared-network/compose.yaml"
    done = compose(
        example, "up", "--build", "--exit-code-from", "app", ok=False, timeout=UP_LIMIT_S
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    app = compose(example, "logs", "--no-log-prefix", "app").stdout.splitlines()
    identity = (
        r"arn:aws:sts::100000000001:assumed-role/AWSReservedSSO_Admin_\w{16}/ada@example\.com"
    )
    assert [line for line in app if re.fullmatch(identity, CONTROL.sub("", line))]
    sidecar = compose(example, "logs", "cone").stdout
    assert "no active grant" in sidecar
    assert "secret-token:" not in sidecar
