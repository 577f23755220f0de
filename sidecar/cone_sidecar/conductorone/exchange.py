"""One HTTP exchange with a tenant: time limits, retries, and failures in our own words."""

import email.utils
from collections.abc import Awaitable, Callable
from datetime import UTC
from typing import Any

import httpx

from cone_sidecar.clock import Clock
from cone_sidecar.conductorone.host import TenantHost
from cone_sidecar.errors import Unreachable, Untrusted
from cone_sidecar.http_client import certificate_refused
from cone_sidecar.pace import Backoff

ATTEMPTS = 4
BUSY = frozenset({429})
FAILING = frozenset({500, 502, 503, 504})
LONGEST_RETRY_AFTER_S = 30.0

# What came back: an answer, or the error that stands for none.
Answer = httpx.Response | Unreachable | Untrusted


async def attempt(host: TenantHost, send: Awaitable[httpx.Response]) -> Answer:
    """Await ``send``, and return Unreachable for whatever keeps an answer from coming."""
    try:
        return await send
    except (Unreachable, Untrusted) as error:
        return error
    except httpx.TimeoutException:
        return unreachable(host, "gives no answer in time")
    except (httpx.TransportError, httpx.DecodingError) as error:
        if certificate_refused(error):
            return Untrusted(
                f"ConductorOne ({host.authority}) shows a certificate that isn't trusted",
                hint="name its authority's file: SSL_CERT_FILE=<file>",
            )
        return unreachable(host, "can't be reached")


async def with_retries(
    send: Callable[[], Awaitable[Answer]], clock: Clock, *, repeat_failures: bool
) -> Answer:
    """Send up to four times with growing, jittered delays; Retry-After wins (reference §5).

    Too many requests (429) are repeated always, since nothing was done; failures only where doing it
    twice does no harm.
    """
    delays = Backoff(first=0.5, factor=2.0, limit=LONGEST_RETRY_AFTER_S).delays()
    answer = await send()
    for _ in range(ATTEMPTS - 1):
        status = status_of(answer)
        failed = (status in FAILING or status == 0) and not isinstance(answer, Untrusted)
        if not (status in BUSY or (failed and repeat_failures)):
            break
        wait = retry_after(answer, clock)
        await clock.sleep(min(next(delays) if wait is None else wait, LONGEST_RETRY_AFTER_S))
        answer = await send()
    return answer


def unreachable(host: TenantHost, what: str) -> Unreachable:
    """Say that the tenant at ``host`` can't be used, and how to find out why."""
    return Unreachable(
        f"ConductorOne ({host.authority}) {what}",
        hint=f"check the network, proxies and the tenant's host: curl -I {host.base_url}",
    )


def failing(status: int) -> Unreachable:
    """Say that the tenant answers with ``status``, which a retry may mend."""
    return Unreachable(f"ConductorOne fails (HTTP {status})", status=status, hint="retry shortly")


def status_of(answer: Answer) -> int:
    """Return the HTTP status, 0 where none came."""
    return answer.status_code if isinstance(answer, httpx.Response) else answer.status


def json_object(response: httpx.Response) -> dict[str, Any]:
    """Return the body's JSON object, an empty one where it is something else."""
    try:
        answer = response.json()
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}


def retry_after(answer: Answer, clock: Clock) -> float | None:
    """Return what Retry-After says in seconds; it may be a number or a date (RFC 9110 §10.2.3)."""
    if not isinstance(answer, httpx.Response):
        return None
    text = answer.headers.get("retry-after", "").strip()
    if text.isdecimal():
        return float(text)
    try:
        moment = email.utils.parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - clock.now()).total_seconds())
