"""A recipe of examples/compose, run as it is, under a project name of its own."""

import contextlib
import fcntl
import functools
import json
import re
import subprocess
import tempfile
from pathlib import Path

from testcontainers.compose import DockerCompose

EXAMPLES = Path(__file__).parents[2] / "examples" / "compose"
CONTROL = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
DOCUMENTED = re.compile(r"^#   docker compose (up .*?)(?: &&.*)?$", re.MULTILINE)
AWS_S_NETWORK = "169.254.170.0/24"
UP_LIMIT_S = 120
WAIT_LIMIT_S = 40
# What any program in the app's container can do, with the token that it can read.
ASK = """
import json, sys, urllib.error, urllib.request
url, token = sys.argv[1:]
request = urllib.request.Request(url, headers={"Authorization": token} if token else {})
try:
    answer = urllib.request.urlopen(request, timeout=5)
except urllib.error.HTTPError as refused:
    answer = refused
print(json.dumps([answer.status, answer.read().decode()]))
"""
CONTROL_SIMULATOR = """
import sys, urllib.request
method, path = sys.argv[1:]
request = urllib.request.Request("http://127.0.0.1:9920/_simulator" + path, method=method)
print(urllib.request.urlopen(request, timeout=5).read().decode())
"""


class Recipe(DockerCompose):
    """One recipe; ``further`` files lie over its own."""

    def __init__(self, docker, file, project, *further):
        super().__init__(context=file.parent, compose_file_name=[str(file), *map(str, further)])
        self._docker = docker
        self._project = project

    @functools.cached_property
    def compose_command_property(self):
        """Return how Compose is called for this project."""
        return [*super().compose_command_property, "-p", self._project]

    def __call__(self, *arguments, **options):
        """Run Compose to its end; it has to end with 0 unless ``ok`` is false."""
        return self._docker(*self.compose_command_property[1:], *arguments, **options)

    def up(self):
        """Run the command that the recipe names in its first lines."""
        command = DOCUMENTED.search(Path(self.compose_file_name[0]).read_text())[1]
        done = self(*command.split(), ok=False, timeout=UP_LIMIT_S)
        assert done.returncode == 0, done.stderr[-2000:] + "\n".join(self.said())[-4000:]

    def down(self):
        """Remove all of it, however it stands."""
        self("down", "--volumes", "--remove-orphans", "--timeout", "2", ok=False)

    def said(self, *services):
        """Return what services logged, in lines."""
        text = self("logs", "--no-log-prefix", *services).stdout
        return CONTROL.sub("", text).splitlines()

    def run_in(self, service, *command, **options):
        """Run a command in a service's container."""
        return self("exec", "-T", service, *command, **options)

    def container(self, service):
        """Return the id of a service's container."""
        return self("ps", "--all", "--quiet", service).stdout.strip()

    def ask(self, service, url, token=""):
        """Ask from within a service's container; returns status and body."""
        # A test's own token may stand in an argument.
        done = self.run_in(service, "python3", "-c", ASK, url, token)
        status, body = json.loads(done.stdout)
        return status, json.loads(body) if body.startswith("{") else body

    def simulator(self, method, path):
        """Call the simulator's control API."""
        text = self.run_in("simulator", "python", "-c", CONTROL_SIMULATOR, method, path).stdout
        return json.loads(text) if text.strip() else None

    def statuses(self, operation):
        """Return the statuses of the requests for one operation of the simulator."""
        journal = self.simulator("GET", "/requests")
        return [entry["status"] for entry in journal if entry["operation"] == operation]

    def kill(self, service):
        """Kill a service's process as the kernel would, and wait until the engine has started it again."""
        found = self.state(service)
        # An engine that is told to kill a container doesn't restart it.
        run = ("run", "--rm", "--pid=host", "--user=0", "--entrypoint=python")
        image = self.inspect(service)["Image"]
        self._docker(*run, image, "-c", f"import os; os.kill({found['Pid']}, 9)")
        self.wait_for_event(service, "start", since=found["StartedAt"], after=found["Pid"])

    def inspect(self, service):
        """Return all that the engine says of a service's container."""
        return json.loads(self._docker.value("inspect", self.container(service)))[0]

    def state(self, service):
        """Return the state of a service's container."""
        return self.inspect(service)["State"]

    def wait_for_event(self, service, event, *, since, after):
        """Wait for an event of a service's container, until its process is another one than ``after``."""
        command = ["docker", "events", "--since", since, "--format", "{{.Status}}"]
        command += [
            "--filter",
            f"container={self.container(service)}",
            "--filter",
            f"event={event}",
        ]
        for _ in follow(command):
            if self.state(service)["Pid"] not in {0, after}:
                return
        raise AssertionError(f"{service}: no {event} in {WAIT_LIMIT_S} s")

    def wait_for_line(self, service, pattern, *, since="0"):
        """Wait until a service logs a line like ``pattern``; returns the match."""
        logs = ["logs", "--follow", "--no-log-prefix", "--since", since, service]
        for line in follow([*self.compose_command_property, *logs]):
            if found := re.search(pattern, CONTROL.sub("", line)):
                return found
        raise AssertionError(f"{service} didn't say {pattern!r}: {self.said(service)[-20:]}")


@contextlib.contextmanager
def credentials_network(file):
    """Hold AWS's own network while ``file``, which may need it, is run: an engine has it once."""
    if AWS_S_NETWORK not in file.read_text():
        yield
        return
    with (Path(tempfile.gettempdir()) / "cone-test-credentials-network.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def follow(command):
    """Yield the lines of a command that goes on, for a time; it is ended with the generator."""
    with subprocess.Popen(
        ["timeout", str(WAIT_LIMIT_S), *command], stdout=subprocess.PIPE, text=True
    ) as child:
        try:
            yield from child.stdout
        finally:
            child.kill()
