"""One unsigned call of Identity Center or the console's sign-in: time limits, retries, AWS's error names."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx

from cone_sidecar.clock import Clock
from cone_sidecar.errors import Unreachable, Untrusted
from cone_sidecar.http_client import certificate_refused
from cone_sidecar.retries import Retries

TRANSIENT = frozenset({429, 500, 502, 503, 504})

Send = Callable[[], Awaitable[httpx.Response]]


IDENTITY_CENTER = "AWS IAM Identity Center"
CHECK = "check the network, proxies and the SSO region: cone aws setup show"


async def call(
    send: Send, clock: Clock, *, what: str, service: str = IDENTITY_CENTER, hint: str = CHECK
) -> httpx.Response:
    """Send, up to four times, and return an answer that a retry won't change.

    ``service`` is whom it is sent to, and ``hint`` what to do where it doesn't answer.

    Raises:
        Unreachable: There is none.
    """
    retries = Retries(clock)
    while True:
        answer: httpx.Response | None = None
        try:
            answer = await send()
        except httpx.TimeoutException:
            reason = "no answer in time"
        except (httpx.TransportError, httpx.DecodingError) as error:
            if certificate_refused(error):
                raise Untrusted(
                    f"{service} shows a certificate that isn't trusted",
                    hint="name its authority's file: AWS_CA_BUNDLE=<file>",
                ) from error
            reason = "no connection"
        else:
            foreign = answer.is_success and bool(answer.content) and not body(answer)
            if answer.status_code not in TRANSIENT and not foreign:
                return answer
            reason = "an answer that isn't AWS's" if foreign else f"HTTP {answer.status_code}"
        if not await retries.again(answer):
            raise Unreachable(
                f"{service} can't {what} ({reason})",
                status=answer.status_code if answer else 0,
                hint=hint,
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
