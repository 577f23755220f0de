"""The image's sidecar as it is run: nothing allowed, in front of a simulator in another container."""

import contextlib
import secrets
import time
from collections.abc import Iterator

from endpoint import Endpoint, request_for
from engine import Engine
from measure import free_port, wait_until_answering

from cone_cli.stage import read_export

LOCKED_DOWN = ("--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges")
PROFILE = "production-admin"
SIMULATOR = "simulator"
CREDENTIALS, MANAGEMENT = 9911, 9912
RETRY_S = 0.05
LIMIT_S = 30.0
# The host is one of loopback's names: whoever comes through a published port calls it so.
LIVE = b"GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


class Contained:
    """Start sidecars of one image, each with a token that is known beforehand."""

    def __init__(self, engine: Engine, image: str) -> None:
        self.engine = engine
        self.image = image
        self._token = secrets.token_hex(16)
        self._environment = self._start_simulator()
        self.management_port, port = free_port(), free_port()
        request = request_for(f"/credentials/{PROFILE}", "127.0.0.1", self._token)
        self.credentials = (port, request.encode())
        self.endpoint = Endpoint(port, request)

    def _start_simulator(self) -> dict[str, str]:
        container = self.engine.start(
            f"--network-alias={SIMULATOR}",
            "--no-healthcheck",
            self.image,
            *("simulator", "--host", "0.0.0.0", "--auto-confirm"),  # noqa: S104 -- in its own network
        )
        started = time.perf_counter()
        exports: dict[str, str] = {}
        while "AWS_ENDPOINT_URL_STS" not in exports:
            if time.perf_counter() - started > LIMIT_S:
                raise RuntimeError("the simulator did not start")
            time.sleep(RETRY_S)
            for line in self.engine("logs", container).splitlines():
                exports |= read_export(line)
        inside = {
            name: value.replace("127.0.0.1", SIMULATOR).replace("0.0.0.0", SIMULATOR)  # noqa: S104 -- as above
            for name, value in exports.items()
        }
        return inside | {
            "CONE_INSECURE_HOSTS": SIMULATOR,
            "CONE_SSO_URL": "https://acme.awsapps.com/start",
            "CONE_SSO_REGION": "us-east-1",
            "CONE_AUTHORIZATION_TOKEN": self._token,
            "CONE_LISTEN": f"0.0.0.0:{CREDENTIALS}",
            "CONE_MANAGEMENT_LISTEN": f"0.0.0.0:{MANAGEMENT}",
        }

    def start(self, *options: str) -> str:
        """Start a sidecar; returns its container at once."""
        return self.engine.start(
            *LOCKED_DOWN,
            f"--publish=127.0.0.1:{self.credentials[0]}:{CREDENTIALS}",
            f"--publish=127.0.0.1:{self.management_port}:{MANAGEMENT}",
            *(f"--env={name}={value}" for name, value in self._environment.items()),
            *options,
            self.image,
        )

    @contextlib.contextmanager
    def running(self, *options: str) -> Iterator[str]:
        """Run a sidecar for the length of the block, once it lives."""
        container = self.start(*options)
        try:
            wait_until_answering(self.management_port, LIVE)
            yield container
        finally:
            self.engine.remove(container)
