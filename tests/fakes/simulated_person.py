"""One of the people of a stage's tenant: what they type, and what they ask for."""

import contextlib
import json
import subprocess
import urllib.parse
import urllib.request

from cone_cli.stage import cone_command
from cone_sidecar.simulator.scenario_values import ScenarioUser
from cone_sidecar.simulator.simulated_user import user_of

LIMIT_S = 60
TENANT = "acme"


class SimulatedPerson:
    """Run commands, and make requests through the API, as the person of this address."""

    def __init__(self, stage, email):
        self.stage = stage
        self.user = user_of(ScenarioUser(email=email), TENANT)
        self.environment = stage.environment | {
            "CONE_CLIENT_ID": self.user.client_id,
            "CONE_CLIENT_SECRET": self.user.client_secret.reveal(),
        }
        form = {
            "grant_type": "client_credentials",
            "client_id": self.user.client_id,
            "client_secret": self.user.client_secret.reveal(),
        }
        answer = self._send("/auth/v1/token", urllib.parse.urlencode(form).encode(), {})
        self._bearer = {
            "authorization": f"Bearer {answer['access_token']}",
            "content-type": "application/json",
        }

    def cone(self, *arguments):
        """Run a command to its end."""
        return self.stage.attempt([*cone_command(), *arguments], self.environment)

    @contextlib.contextmanager
    def started(self, *arguments):
        """Start a command whose output can be read while it runs; it doesn't outlive the block."""
        with subprocess.Popen(
            [*cone_command(), *arguments],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            try:
                yield process
            finally:
                process.kill()

    def asked_for(self, role, **changes):
        """Request a role, and return the request's task."""
        entitlement = self.entitlement(role)
        body = {
            "appId": entitlement["appId"],
            "appEntitlementId": entitlement["id"],
            "identityUserId": self.user.id,
        }
        return self.call("/api/v1/task/grant", body | changes)["taskView"]["task"]

    def entitlement(self, role):
        """Return the entitlement of a role."""
        rows = self.call("/api/v1/search/request_catalog/entitlements", {"query": role})["list"]
        found = [row["entitlement"]["appEntitlement"] for row in rows]
        return next(each for each in found if each["displayName"] == f"{role} Permission Set")

    def call(self, path, body):
        """Post to the API."""
        return self._send(path, json.dumps(body).encode(), self._bearer)

    def _send(self, path, data, headers):
        request = urllib.request.Request(self.stage.url + path, data=data, headers=headers)
        with urllib.request.urlopen(request, timeout=LIMIT_S) as answer:
            return json.load(answer)
