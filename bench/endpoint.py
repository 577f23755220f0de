"""An endpoint under load: where it is, what it is asked, and how many answers it has given."""

from pathlib import Path

from figures import Figures
from measure import fed_json

from cone_cli.stage import Stage
from cone_sidecar.runtime import RunningSidecar

HERE = Path(__file__).parent
HOST = "127.0.0.1"
VARIABLE = "AWS_CONTAINER_AUTHORIZATION_TOKEN"


class Endpoint:
    """Put loads on a server; every request has to be served."""

    def __init__(self, port: int, request: str) -> None:
        self.answers = 0
        self._port = port
        self._request = request

    @classmethod
    def of_sidecar(cls, stage: Stage, sidecar: RunningSidecar, profile: str) -> "Endpoint":
        """Return the sidecar's, asked as a Go program does, which has the profile's own token."""
        token = stage.sidecar_environment(profile)[VARIABLE]
        host = sidecar.credentials_url.removeprefix("http://")
        return cls(
            int(host.rpartition(":")[2]), request_for(f"/credentials/{profile}", host, token)
        )

    def keep_alive(self, requests: int, connections: int) -> Figures:
        """Ask over and over on so many connections."""
        return self._load("load.py", requests, connections=connections, requests=requests)

    def new_connections(self, requests: int, connections: int) -> Figures:
        """Ask each time on a new connection, so many at a time."""
        return self._load(
            "new_connections.py", requests, connections=connections, requests=requests
        )

    def herd(self, callers: int) -> Figures:
        """Let callers come at once, each with a connection and one request."""
        return self._load("herd.py", callers, callers=callers)

    def _load(self, program: str, expected: int, **settings: int) -> Figures:
        told = fed_json(
            HERE / program,
            {"host": HOST, "port": self._port, "request": self._request, **settings},
        )
        failures, answers = (int(told.pop(name)) for name in ("failures", "answers"))
        if failures or answers != expected:
            message = f"{failures} of {expected} requests failed, {answers} were answered"
            raise RuntimeError(message)
        self.answers += answers
        return Figures(**told)


def request_for(path: str, host: str, token: str) -> str:
    """Return a request as a Go program sends it, so that the answer is waited for."""
    return (
        f"GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: Go-http-client/1.1\r\n"
        f"Accept: application/json\r\nAuthorization: {token}\r\n\r\n"
    )
