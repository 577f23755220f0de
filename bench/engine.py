"""A container engine, by its command line; whatever it was told to start is removed."""

import json
import secrets
import subprocess
from typing import Self

LIMIT_S = 600


class Engine:
    """Run containers on a network of their own, all of them labelled and removed at the end."""

    def __init__(self) -> None:
        self.network = f"cone-bench-{secrets.token_hex(4)}"

    def __enter__(self) -> Self:
        self("network", "create", self.network)
        return self

    def __exit__(self, *_: object) -> None:
        left = self("ps", "--all", "--quiet", "--filter", f"label={self.network}").split()
        for container in left:
            self.remove(container)
        self("network", "rm", self.network)

    def __call__(self, *arguments: str, stdin: str = "") -> str:
        """Run ``docker`` and return what it prints; it has to succeed."""
        done = subprocess.run(
            ["docker", *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )
        if done.returncode:
            message = f"docker {arguments[0]}: {done.stderr[-1000:]}"
            raise RuntimeError(message)
        return done.stdout.strip()

    def start(self, *arguments: str) -> str:
        """Start a container on the network; returns its id."""
        label, network = f"--label={self.network}", f"--network={self.network}"
        return self("run", "--detach", label, network, *arguments)

    def remove(self, container: str) -> None:
        """Remove a container and its volumes."""
        self("rm", "--force", "--volumes", container)

    def python(self, container: str, program: str) -> object:
        """Run a program with the container's Python; returns the JSON that it prints."""
        return json.loads(self("exec", "--interactive", container, "python", "-", stdin=program))
