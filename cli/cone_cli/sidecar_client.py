"""The running sidecar, as its own user's commands ask it: through the socket that only he may open."""

import http.client
import json
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from cone_sidecar.errors import (
    ConeError,
    ConfigurationError,
    LoginRequired,
    ProfileIncomplete,
    ProfileNotFound,
    SidecarRefusal,
    Unreachable,
    UpstreamRejected,
    UsageError,
)
from cone_sidecar.runtime import RunningSidecar, find
from cone_sidecar.unix_socket import connect_unix
from cone_sidecar.warm_file import setting, state_directory

# It answers from memory; only a request that a person makes is looked at for a moment first.
LIMIT_S = 5.0
QUICK_S = 1.0
# What the sidecar says of itself and of profiles means the same to whoever asked it.
TOLD = {
    kind.code: kind
    for kind in (
        ConfigurationError,
        LoginRequired,
        ProfileIncomplete,
        ProfileNotFound,
        Unreachable,
        UpstreamRejected,
        UsageError,
    )
}
View = dict[str, Any]


class SocketConnection(http.client.HTTPConnection):
    """HTTP over a unix socket."""

    def __init__(self, path: Path, limit_s: float) -> None:
        super().__init__("localhost", timeout=limit_s)
        self._path = path
        self._limit_s = limit_s
        self.sock: socket.socket

    def connect(self) -> None:
        """Connect; raises OSError where nobody listens."""
        self.sock = connect_unix(self._path, limit_s=self._limit_s)


class SidecarClient:
    """Ask one running sidecar."""

    def __init__(self, sidecar: RunningSidecar) -> None:
        self._sidecar = sidecar

    @classmethod
    def running(cls, environment: Mapping[str, str], tenant: str = "") -> "SidecarClient | None":
        """Return a client of the sidecar that runs with the same setting, None where none does."""
        try:
            sidecar = find(Path(state_directory(environment)))
        except Unreachable:
            return None
        return cls(sidecar) if sidecar.setting == setting(environment, tenant) else None

    def credentials(self, profile: str) -> str | None:
        """Return a profile's credentials as ``credential_process`` prints them, if they are there now."""
        name = quote(profile, safe="")
        try:
            status, body = self._ask("GET", f"/credentials/{name}", QUICK_S)
            if status != http.client.OK:
                return None
            document = {
                "Version": 1,
                "AccessKeyId": body["AccessKeyId"],
                "SecretAccessKey": body["SecretAccessKey"],
                "SessionToken": body["Token"],
                "Expiration": body["Expiration"],
                "AccountId": body["AccountId"],
            }
        except (ConeError, KeyError, TypeError):
            return None
        return json.dumps(document, separators=(",", ":"))

    def views(self) -> dict[str, View]:
        """Return how each profile stands, by its name.

        Raises:
            ConeError: The sidecar doesn't know which profiles there are, or doesn't answer.
        """
        answer = self._object("GET", "/status")
        if isinstance(error := answer.get("error"), dict):
            raise _told(error, http.client.OK)
        profiles = answer.get("profiles")
        return profiles if isinstance(profiles, dict) else {}

    def access(self, profile: str) -> View:
        """Return where SDKs get a profile's credentials, and the token that opens it.

        Raises:
            ConeError: There is no such profile, or the sidecar doesn't answer.
        """
        return self._object("GET", f"/profiles/{quote(profile, safe='')}/access")

    def command(self, profile: str, verb: str, body: Mapping[str, object] | None = None) -> View:
        """Tell it to ``verb`` a profile's access; returns how the profile stands.

        Raises:
            ConeError: It doesn't do so, or doesn't answer.
        """
        return self._object("POST", f"/profiles/{quote(profile, safe='')}/{verb}", body or {})

    def _object(self, method: str, path: str, body: Mapping[str, object] | None = None) -> View:
        status, answer = self._ask(method, path, LIMIT_S, body)
        if not isinstance(answer, dict):
            raise _silent()
        if status != http.client.OK:
            raise _told(answer, status)
        return answer

    def _ask(
        self,
        method: str,
        path: str,
        limit_s: float,
        body: Mapping[str, object] | None = None,
    ) -> tuple[int, Any]:
        connection = SocketConnection(Path(self._sidecar.socket), limit_s)
        try:
            content = json.dumps(body).encode() if body is not None else None
            connection.request(method, path, content)
            answer = connection.getresponse()
            data = answer.read()
        except (OSError, http.client.HTTPException):
            raise _silent() from None
        finally:
            connection.close()
        try:
            return answer.status, json.loads(data)
        except ValueError:
            return answer.status, None


def running_views(
    environment: Mapping[str, str], tenant: str
) -> tuple[SidecarClient, dict[str, View]] | None:
    """Return the running sidecar, and how its profiles stand.

    None where none runs, and where it doesn't say: whoever asks can do without.
    """
    sidecar = SidecarClient.running(environment, tenant)
    if sidecar is None:
        return None
    try:
        return sidecar, sidecar.views()
    except ConeError:
        return None


def _told(view: Mapping[str, object], status: int) -> ConeError:
    """Return the error that the sidecar tells of."""
    kind = TOLD.get(str(view.get("code")), SidecarRefusal)
    return kind(
        str(view.get("message") or f"the sidecar answers {status}"),
        hint=str(view.get("hint") or "see the sidecar's log"),
    )


def _silent() -> Unreachable:
    return Unreachable("the sidecar doesn't answer", hint="cone serve")
