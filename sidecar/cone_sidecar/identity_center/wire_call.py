"""One unsigned call of Identity Center: time limits, retries, and AWS's way of naming errors."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx

from cone_sidecar.clock import Clock
from cone_sidecar.errors import Unreachable, Untrusted
from cone_sidecar.http_client import certificate_refused
from cone_sidecar.pace import Backoff

ATTEMPTS = 3
TRANSIENT = frozenset({429, 500, 502, 503, 504})

Send = Callable[[], Awaitable[httpx.Response]]


async def call(send: Send, clock: Clock, *, what: str) -> httpx.Response:
    """Send, up to three times as the AWS CLI does, and return an answer that a retry won't change.

    Raises:
        Unreachable: There is none.
    """
    delays = Backoff(first=0.3, factor=2.0, limit=5.0).delays()
    status = 0
    for attempt in range(ATTEMPTS):
        if attempt:
            await clock.sleep(next(delays))
        try:
            response = await send()
        except (httpx.TransportError, httpx.DecodingError) as error:
            if certificate_refused(error):
                raise Untrusted(
                    "AWS IAM Identity Center shows a certificate that isn't trusted",
                    hint="name its authority's file: AWS_CA_BUNDLE=<file>",
                ) from error
            status = 0
            continue
        status = response.status_code
        if status not in TRANSIENT:
            return response
    reason = f"HTTP {status}" if status else "no connection"
    raise Unreachable(
        f"AWS IAM Identity Center can't {what} ({reason})",
        status=status,
        hint="check the network, proxies and the SSO region: cone aws setup show",
    )


def error_type(response: httpx.Response) -> str:
    """Return the exception's name, from the header or the body (reference §7.3)."""
    name = response.headers.get("x-amzn-errortype") or str(body(response).get("__type") or "")
    return name.partition(":")[0].rpartition("#")[2].strip()


def body(response: httpx.Response) -> dict[str, Any]:
    """Return the body's JSON object, an empty one where it is something else."""
    try:
        answer = response.json()
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}
