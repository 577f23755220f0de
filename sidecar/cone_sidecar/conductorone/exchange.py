"""One HTTP exchange with a tenant: time limits, retries, and failures in our own words."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx

from cone_sidecar.clock import Clock
from cone_sidecar.conductorone.host import TenantHost
from cone_sidecar.errors import Unreachable, Untrusted
from cone_sidecar.http_client import certificate_refused
from cone_sidecar.retries import Retries

BUSY = frozenset({429})
FAILING = frozenset({500, 502, 503, 504})
# Of a response's extensions: what its body says.
READ = "cone_body"

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
    retries = Retries(clock)
    while True:
        answer = await send()
        status = status_of(answer)
        failed = status in FAILING or status == 0 or is_foreign(answer)
        failed = failed and not isinstance(answer, Untrusted)
        if not (status in BUSY or (failed and repeat_failures)):
            return answer
        if not await retries.again(answer if isinstance(answer, httpx.Response) else None):
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


def is_foreign(answer: Answer) -> bool:
    """Tell whether it is a page of a proxy or of maintenance: a success that isn't the API's."""
    if not isinstance(answer, httpx.Response) or answer.status_code != httpx.codes.OK:
        return False
    kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    return kind != "application/json" or not json_object(answer)


def json_object(response: httpx.Response) -> dict[str, Any]:
    """Return the body's JSON object, read once; an empty one where it is something else."""
    if READ not in response.extensions:
        try:
            response.extensions[READ] = response.json()
        except ValueError:
            response.extensions[READ] = None
    answer = response.extensions[READ]
    return answer if isinstance(answer, dict) else {}


def taken_json_object(response: httpx.Response) -> dict[str, Any]:
    """Return the body's JSON object, and let go of it: httpx's responses live on as garbage for a while."""
    answer = json_object(response)
    del response.extensions[READ]
    return answer
