"""A stage with the simulator's control at hand."""

import json
import urllib.request

from cone_cli.stage import Stage

START_URL = "https://acme.awsapps.com/start"
LIMIT_S = 60


class SimulatedStage(Stage):
    """A home with a simulator and whatever else a test starts, all as processes."""

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

    def statuses(self, operation):
        """Return the statuses of the requests for one operation since the journal was emptied."""
        return [status for name, status in self.operations() if name == operation]

    def forget_requests(self):
        """Empty the journal."""
        self.control("DELETE", "/requests")

    def forget_credentials(self):
        """Make every profile cold again for new processes."""
        for path in (self.home / ".cache" / "cone-sidecar").glob("*.credentials"):
            path.unlink()
