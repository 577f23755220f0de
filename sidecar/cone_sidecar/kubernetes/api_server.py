"""Kubernetes' API server: Events created and patched, each call in a connection of its own."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx

from cone_sidecar.clock import Clock
from cone_sidecar.errors import ConfigurationError
from cone_sidecar.http_client import certificate_refused
from cone_sidecar.kubernetes.service_account import ServiceAccount
from cone_sidecar.listening import authority
from cone_sidecar.printable_text import printable_text
from cone_sidecar.retries import retry_after

LIMIT_S = 10.0
LARGEST_PORT = 65535
LONGEST_REASON = 300
JSON = "application/json"
# RFC 7396: what is named is replaced, all else stays.
MERGE_PATCH = "application/merge-patch+json"
LATER = frozenset({401, 408, 425, 429})


class Forbidden(Exception):
    """The service account may not do this; the text is the API server's."""


class Rejected(Exception):
    """The API server doesn't take this object, now or later; the text is its own."""


class Unavailable(Exception):
    """There was no answer, or one that another try may mend. ``retry_after`` is in seconds."""

    def __init__(self, what: str, retry_after: float | None = None) -> None:
        super().__init__(what)
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class ApiServer:
    """Call the API server at ``address`` as the pod's service account."""

    address: str
    account: ServiceAccount
    clock: Clock

    async def create_event(self, namespace: str, event: Mapping[str, object]) -> bool:
        """Create an Event; False where there is one of this name.

        Raises:
            Forbidden: We may not.
            Rejected: It is none.
            Unavailable: Nobody knows.
        """
        answer = await self._send("POST", _events(namespace), JSON, event)
        return self._done(answer, unless=httpx.codes.CONFLICT)

    async def patch_event(self, namespace: str, name: str, changes: Mapping[str, object]) -> bool:
        """Change an Event; False where there is none of this name any more. Raises as above."""
        path = f"{_events(namespace)}/{quote(name, safe='')}"
        answer = await self._send("PATCH", path, MERGE_PATCH, changes)
        return self._done(answer, unless=httpx.codes.NOT_FOUND)

    async def _send(
        self, method: str, path: str, content_type: str, body: Mapping[str, object]
    ) -> httpx.Response:
        try:
            token, trusted = self.account.token(), self.account.authorities()
        except ConfigurationError as error:
            raise Unavailable(error.message) from error
        headers = {"Authorization": f"Bearer {token.reveal()}", "Content-Type": content_type}
        # Calls are minutes apart: a client for each finds the authority renewed, and keeps nothing. A
        # proxy of the environment is for the world outside the cluster.
        client = httpx.AsyncClient(
            verify=trusted, trust_env=False, follow_redirects=False, timeout=LIMIT_S
        )
        try:
            async with client, asyncio.timeout(LIMIT_S):
                return await client.request(
                    method,
                    f"https://{self.address}{path}",
                    headers=headers | {"Accept": JSON},
                    content=json.dumps(body).encode(),
                )
        except (TimeoutError, httpx.TimeoutException):
            raise Unavailable("the API server gives no answer in time") from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            if certificate_refused(error):
                raise Unavailable(
                    "the API server's certificate isn't of the authority in ca.crt"
                ) from None
            # Its text may quote what was sent.
            raise Unavailable("the API server can't be reached") from None

    def _done(self, answer: httpx.Response, *, unless: int) -> bool:
        status = answer.status_code
        if answer.is_success:
            return True
        if status == unless:
            return False
        if status == httpx.codes.FORBIDDEN:
            raise Forbidden(_said(answer))
        if status in LATER or not answer.is_client_error:
            again = retry_after(answer, self.clock)
            raise Unavailable(f"the API server answers with HTTP {status}", again)
        raise Rejected(f"HTTP {status}, {_said(answer)}")


def api_server_address(environment: Mapping[str, str]) -> str:
    """Return where the API server is, as the kubelet tells every container.

    Raises:
        ConfigurationError: This is no pod.
    """
    host = environment.get("KUBERNETES_SERVICE_HOST", "")
    port = environment.get("KUBERNETES_SERVICE_PORT", "")
    if not host or not port.isascii() or not port.isdigit() or not 0 < int(port) <= LARGEST_PORT:
        raise ConfigurationError(
            "pod events need KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT, which every pod has",
            hint="outside of Kubernetes, leave out --pod-events (CONE_POD_EVENTS)",
        )
    return authority(host, int(port))


def _events(namespace: str) -> str:
    return f"/api/v1/namespaces/{quote(namespace, safe='')}/events"


def _said(answer: httpx.Response) -> str:
    """Return the message of the Status that is the body of each refusal."""
    try:
        status: Any = answer.json()
    except ValueError:
        status = None
    message = status.get("message") if isinstance(status, dict) else None
    return printable_text(message)[:LONGEST_REASON] if isinstance(message, str) else "no reason"
