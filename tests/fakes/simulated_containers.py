"""A simulator and a sidecar as containers that share a network namespace, as those of a pod do."""

import json
import secrets
import subprocess

from cone_cli.stage import read_export

LOCKED_DOWN = ("--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges")
START_LIMIT_S = 60
STS = "AWS_ENDPOINT_URL_STS"
# Run in the simulator's container: what it needs is not the sidecar's.
CLIENT = """
import http.client, json, ssl, sys, time
asked = json.load(sys.stdin)
headers = {"Authorization": asked["token"], "User-Agent": "Go-http-client/1.1", "Accept": "*/*"}
if asked["authority"]:
    trusted = ssl.create_default_context(cadata=asked["authority"])
    connection = http.client.HTTPSConnection("127.0.0.1", 9911, timeout=40, context=trusted)
else:
    connection = http.client.HTTPConnection("127.0.0.1", 9911, timeout=40)
statuses, body, until = [], "", time.monotonic() + 30
while len(statuses) < asked["count"]:
    try:
        connection.request("GET", asked["path"], headers=headers)
        with connection.getresponse() as answer:
            body, status = answer.read().decode(), answer.status
    except OSError:
        connection.close()
        status = 0
    if status == 200 or time.monotonic() > until:
        statuses.append(status)
    else:
        time.sleep(0.05)
print(json.dumps({"statuses": statuses, "body": body}))
"""


class SimulatedContainers:
    """A simulator in a container of its own, and sidecars that share its network."""

    def __init__(self, docker, image):
        self._docker = docker
        self._image = image
        self._containers = []
        self.token = secrets.token_hex(16)
        self._simulator = ""
        self._environment = {}

    def start_simulator(self, *options, run=()):
        """Start the simulator, which confirms each sign-in, and keep what points at it."""
        # The image's healthcheck is the sidecar's.
        told = ("--no-healthcheck", *run, self._image, "simulator", "--auto-confirm", *options)
        self._simulator = self._started(*told)
        logs = ["docker", "logs", "--follow", self._simulator]
        with subprocess.Popen(
            ["timeout", str(START_LIMIT_S), *logs], stdout=subprocess.PIPE, text=True
        ) as said:
            for line in said.stdout:
                self._environment |= read_export(line)
                if STS in line:
                    said.kill()
                    return self
        raise AssertionError("the simulator did not start")

    def start_sidecar(self, *run, environment=(), image=""):
        """Start a sidecar that nothing is allowed to; returns its container."""
        told = self._environment | {
            "CONE_AUTHORIZATION_TOKEN": self.token,
            "CONE_SSO_URL": "https://acme.awsapps.com/start",
            "CONE_SSO_REGION": "us-east-1",
            **dict(environment),
        }
        options = [f"--env={name}={value}" for name, value in told.items()]
        network = f"--network=container:{self._simulator}"
        return self._started(network, *LOCKED_DOWN, *options, *run, image or self._image)

    def ask(self, profile, *, count=1, authority=""):
        """Ask for credentials until they were served so many times; returns statuses and last body."""
        asked = {
            "path": f"/credentials/{profile}",
            "token": self.token,
            "count": count,
            "authority": authority,
        }
        # Both at once on stdin: the program is in the arguments, what it is told is not.
        run = ("exec", "--interactive", self._simulator, "python", "-c", CLIENT)
        told = json.loads(self._docker.value(*run, stdin=json.dumps(asked)))
        return told["statuses"], told["body"]

    def start_client(self, program):
        """Start a program beside the sidecar and return its process, stdout a pipe."""
        run = ("docker", "exec", "--interactive", self._simulator, "python", "-uc", program)
        return subprocess.Popen([*run, self.token], stdout=subprocess.PIPE, text=True)

    def end(self):
        """Remove the containers, with their volumes."""
        for container in reversed(self._containers):
            self._docker("rm", "--force", "--volumes", container, ok=False)

    def _started(self, *arguments):
        container = self._docker.value("run", "--detach", *arguments)
        self._containers.append(container)
        return container
