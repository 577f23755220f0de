"""One question to a server outside: whether its name, certificate, HTTP and clock are all right."""

import asyncio
import email.utils
import os
import socket
from dataclasses import dataclass
from datetime import UTC

import httpx

from cone_cli.doctor.finding import Finding, Level
from cone_cli.doctor.proxy_check import BY_SCHEME, EXCEPT, FOR_ALL, covers
from cone_sidecar.clock import Clock
from cone_sidecar.http_client import PAST_PROXIES, certificate_refused

# Each step of a chain; the longest chain has four.
STEP_S = 3.5
LATE_S, WRONG_S = 60, 300
FAILING = 500


@dataclass(frozen=True, slots=True)
class Server:
    """A server, as findings name it: ``check`` begins their ids, ``authority`` names its CA's variable."""

    check: str
    name: str
    url: str
    authority: str


async def ask(server: Server, client: httpx.AsyncClient, clock: Clock) -> list[Finding]:
    """Ask for nothing but the head of an answer, once; any answer of a server that works will do."""
    started = clock.monotonic()
    try:
        async with asyncio.timeout(STEP_S):
            answer = await client.head(server.url)
    except (TimeoutError, httpx.HTTPError) as error:
        return [_unreachable(server, error)]
    if answer.status_code >= FAILING:
        what = f"{server.name} fails (HTTP {answer.status_code})"
        return [Finding(f"{server.check}-http", Level.FAIL, what, "retry shortly", server.url)]
    took = int((clock.monotonic() - started) * 1000)
    good = Finding(
        f"{server.check}-http", Level.OK, f"{server.name} answers in {took} ms", "", server.url
    )
    return [good, *_clock(server, answer, clock)]


def failed(findings: list[Finding]) -> bool:
    """Tell whether the chain ends here: what comes after would only fail for the same reason."""
    return any(finding.level is Level.FAIL for finding in findings)


def _unreachable(server: Server, error: Exception) -> Finding:
    host = httpx.URL(server.url).host
    if certificate_refused(error):
        what = f"{server.name} shows a certificate that isn't trusted: by a proxy, or a private CA"
        fix = f"export {server.authority}=<the authority's file>"
        return Finding(f"{server.check}-tls", Level.FAIL, what, fix, server.url)
    proxy = _proxy(httpx.URL(server.url))
    if _of_kind(error, socket.gaierror) and not proxy:
        what = f"the name of {server.name} can't be resolved"
        return Finding(f"{server.check}-dns", Level.FAIL, what, f"getent hosts {host}", server.url)
    late = isinstance(error, TimeoutError | httpx.TimeoutException)
    what = f"{server.name} " + (f"doesn't answer within {STEP_S} s" if late else "can't be reached")
    fix = f"curl -I {server.url}"
    if proxy:
        what += f" through the proxy that {proxy} names"
        fix = f"correct {proxy}, unset it, or: export NO_PROXY={host}"
    return Finding(f"{server.check}-http", Level.FAIL, what, fix, server.url)


def _proxy(url: httpx.URL) -> str:
    """Return the variable whose proxy stands before a server, empty where none does."""
    if url.host in PAST_PROXIES or any(
        covers(os.environ.get(name, ""), url.host) for name in EXCEPT
    ):
        return ""
    return next(filter(os.environ.get, (*BY_SCHEME.get(url.scheme, ()), *FOR_ALL)), "")


def _of_kind(error: BaseException | None, kind: type[BaseException]) -> bool:
    while error is not None:
        if isinstance(error, kind):
            return True
        error = error.__cause__ or error.__context__
    return False


def _clock(server: Server, answer: httpx.Response, clock: Clock) -> list[Finding]:
    """Compare the two clocks; the Date header is good to a second (RFC 9110 §6.6.1)."""
    try:
        theirs = email.utils.parsedate_to_datetime(answer.headers.get("date", ""))
    except ValueError:
        return []
    off = (clock.now() - theirs.replace(tzinfo=theirs.tzinfo or UTC)).total_seconds()
    if abs(off) <= LATE_S:
        return []
    direction = "ahead of" if off > 0 else "behind"
    what = f"this clock is {abs(off):.0f} s {direction} that of {server.name}"
    level = Level.FAIL if abs(off) > WRONG_S else Level.WARN
    return [
        Finding("clock-skew", level, what, "sudo timedatectl set-ntp true", answer.headers["date"])
    ]
