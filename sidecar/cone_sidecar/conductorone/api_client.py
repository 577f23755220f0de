"""Calls of a tenant's API, answered with JSON objects or with errors of our tree."""

import json
from collections.abc import Mapping
from typing import Any

import httpx

from cone_sidecar.ascii_text import ascii_text
from cone_sidecar.clock import Clock
from cone_sidecar.conductorone.bearer import GivenBearer, MintedBearer
from cone_sidecar.conductorone.exchange import (
    BUSY,
    FAILING,
    Answer,
    attempt,
    failing,
    is_foreign,
    json_object,
    taken_json_object,
    with_retries,
)
from cone_sidecar.conductorone.host import TenantHost
from cone_sidecar.errors import LoginRequired, Unreachable, UpstreamRejected


class ApiError(UpstreamRejected):
    """A definite refusal of the API: google.rpc.Status with its details (reference §5)."""

    def __init__(self, response: httpx.Response) -> None:
        rpc_status = json_object(response)
        reason = ascii_text(str(rpc_status.get("message") or "")).partition(" (request-id")[0]
        super().__init__(
            f"ConductorOne refuses the call (HTTP {response.status_code})"
            + (f": {reason}" if reason else ""),
            status=response.status_code,
            hint="cone whoami shows who you are there",
        )
        details = rpc_status.get("details")
        self.details: list[dict[str, Any]] = (
            [item for item in details if isinstance(item, dict)]
            if isinstance(details, list)
            else []
        )


class ApiClient:
    """Call one tenant's API as one person."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        host: TenantHost,
        bearer: MintedBearer | GivenBearer,
        clock: Clock,
        *,
        source: str,
    ) -> None:
        self.host = host
        self.bearer = bearer
        self._client = client
        self._clock = clock
        self._source = source

    async def get(self, path: str) -> dict[str, Any]:
        """Read.

        Raises:
            LoginRequired: The tenant doesn't know us.
            ApiError: A definite refusal.
            Unreachable: No usable answer, after retries.
        """
        return await self._call("GET", path, None, repeat_failures=True)

    async def put(self, path: str, body: Mapping[str, object]) -> dict[str, Any]:
        """Send what may be sent twice; raises as :meth:`get` does."""
        return await self._call("PUT", path, body, repeat_failures=True)

    async def search(self, path: str, body: Mapping[str, object]) -> dict[str, Any]:
        """Send a POST that only reads; raises as :meth:`get` does."""
        return await self._call("POST", path, body, repeat_failures=True)

    async def post(self, path: str, body: Mapping[str, object]) -> dict[str, Any]:
        """Send a change, which is not repeated once it may have arrived; raises as :meth:`get` does."""
        return await self._call("POST", path, body, repeat_failures=False)

    async def _call(
        self, method: str, path: str, body: Mapping[str, object] | None, *, repeat_failures: bool
    ) -> dict[str, Any]:
        # Beforehand, since minting has retries of its own; and a change that fails for want of a token
        # would look like one that may have arrived.
        await self.bearer.token()
        headers = {"Accept": "application/json", "C1-Request-Source": self._source}
        if body is not None:
            headers["Content-Type"] = "application/json"
        content = json.dumps(body).encode() if body is not None else None

        async def send() -> Answer:
            request = self._client.request(
                method,
                self.host.base_url + path,
                content=content,
                headers=headers,
                auth=self.bearer,
            )
            return await attempt(self.host, request)

        return self._object(await with_retries(send, self._clock, repeat_failures=repeat_failures))

    def _object(self, answer: Answer) -> dict[str, Any]:
        if not isinstance(answer, httpx.Response):
            raise answer
        status = answer.status_code
        if status in BUSY or status in FAILING:
            raise failing(status)
        if status == httpx.codes.UNAUTHORIZED:
            raise LoginRequired(
                "ConductorOne refuses the access token (HTTP 401)", hint=self.bearer.remedy
            )
        if status >= httpx.codes.BAD_REQUEST:
            raise ApiError(answer)
        if status == httpx.codes.OK and not is_foreign(answer):
            return taken_json_object(answer)
        # A page of a proxy, or of maintenance, stands for an outage; a redirect for a wrong path.
        foreign = Unreachable if status == httpx.codes.OK else UpstreamRejected
        raise foreign(
            f"{self.host.name} answers with something else than ConductorOne's API",
            status=status,
            hint="check the tenant's host: CONE_API_ENDPOINT, or cone login <tenant>",
        )
