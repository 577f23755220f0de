"""What end-to-end tests share: a home with a simulator and a sidecar, as processes."""

import json
import urllib.request

import pytest

from cone_cli.stage import Stage

START_URL = "https://acme.awsapps.com/start"
LIMIT_S = 60


class Simulated(Stage):
    """A stage with the simulator's control at hand."""

    url = ""

    def start(self, scenario, *options):
        """Start the simulator, and write the profiles of its permission sets."""
        self.url = self.start_simulator(scenario, *options)
        done = self.cone("aws", "setup", "--sso-url", START_URL)
        assert done.returncode == 0, done.stderr
        return self

    def control(self, method, path, body=None):
        """Call the simulator's control API."""
        request = urllib.request.Request(
            f"{self.url}/_simulator{path}",
            method=method,
            data=json.dumps(body).encode() if body is not None else None,
            headers={"content-type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=LIMIT_S) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def operations(self):
        """Return (operation, status) of each request since the journal was emptied."""
        return [(entry["operation"], entry["status"]) for entry in self.control("GET", "/requests")]

    def forget_credentials(self):
        """Make every profile cold again for new processes."""
        for path in (self.home / ".cache" / "cone-sidecar").glob("*.credentials"):
            path.unlink()


@pytest.fixture(name="simulated")
def _simulated():
    """Give a stage of its own."""
    with Simulated() as stage:
        yield stage


@pytest.fixture(name="simulated_once", scope="module")
def _simulated_once():
    """Give one stage to all tests of a module."""
    with Simulated() as stage:
        yield stage
