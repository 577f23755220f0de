"""The running sidecar, as its own user's commands ask it: on loopback, with its token."""

import http.client
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from cone_sidecar.authorization_token import token_in
from cone_sidecar.errors import ConeError, SidecarRefusal, Unreachable
from cone_sidecar.runtime import RunningSidecar, find
from cone_sidecar.warm_file import setting, state_directory

# It answers from memory; only a request that a person makes is looked at for a moment first.
LIMIT_S = 5.0
QUICK_S = 1.0


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
            ready, _ = self._ask("GET", self._sidecar.management_url, f"/readyz/{name}", QUICK_S)
            if ready != http.client.OK:
                return None
            status, body = self._ask(
                "GET", self._sidecar.credentials_url, f"/credentials/{name}", QUICK_S
            )
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

    def status(self) -> dict[str, Any]:
        """Return how all profiles stand.

        Raises:
            Unreachable: It doesn't answer.
        """
        return self._object("GET", "/status")

    def command(self, profile: str, verb: str, body: Mapping[str, object]) -> dict[str, Any]:
        """Tell it to ``verb`` a profile's access; returns how the profile stands.

        Raises:
            SidecarRefusal: It doesn't do so.
            Unreachable: It doesn't answer.
        """
        return self._object("POST", f"/profiles/{quote(profile, safe='')}/{verb}", body)

    def _object(
        self, method: str, path: str, body: Mapping[str, object] | None = None
    ) -> dict[str, Any]:
        status, answer = self._ask(method, self._sidecar.management_url, path, LIMIT_S, body)
        if not isinstance(answer, dict):
            raise _silent()
        if status != http.client.OK:
            raise SidecarRefusal(
                str(answer.get("message") or f"the sidecar answers {status}"),
                hint=str(answer.get("hint") or "see the sidecar's log"),
            )
        return answer

    def _ask(
        self,
        method: str,
        base: str,
        path: str,
        limit_s: float,
        body: Mapping[str, object] | None = None,
    ) -> tuple[int, Any]:
        address = urlsplit(base)
        connection = http.client.HTTPConnection(address.netloc, timeout=limit_s)
        try:
            token = token_in(Path(self._sidecar.token_file)).reveal()
            content = json.dumps(body).encode() if body is not None else None
            connection.request(method, path, content, {"Authorization": token})
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


def _silent() -> Unreachable:
    return Unreachable("the sidecar doesn't answer", hint="cone serve")
