"""A stage with the simulator's control at hand."""

import json
import urllib.error
import urllib.request

from cone_cli.stage import Stage

START_URL = "https://acme.awsapps.com/start"
LIMIT_S = 60
TRIES = 200


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

    def ask_sidecar(self, profile):
        """Ask the sidecar as a Go program does, which waits; returns status and body."""
        environment = self.sidecar_environment(profile)
        request = urllib.request.Request(
            environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"],
            headers={
                "Authorization": environment["AWS_CONTAINER_AUTHORIZATION_TOKEN"],
                "User-Agent": "Go-http-client/1.1",
                "Accept": "application/json",
            },
        )
        try:
            with urllib.request.urlopen(request, timeout=LIMIT_S) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, json.load(refused)

    def ask_sidecar_until(self, profile, wanted):
        """Ask again and again until the answer's code is ``wanted``, empty for credentials."""
        for _ in range(TRIES):
            status, body = self.ask_sidecar(profile)
            if body.get("code", "") == wanted:
                return status, body
        raise AssertionError(f"not {wanted or 'served'} after {TRIES} tries: {status} {body}")

    def forget_requests(self):
        """Empty the journal."""
        self.control("DELETE", "/requests")

    def forget_credentials(self):
        """Make every profile cold again for new processes."""
        for path in (self.home / ".cache" / "cone-sidecar").glob("*.credentials"):
            path.unlink()
