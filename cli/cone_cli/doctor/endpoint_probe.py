"""One question to the credentials endpoint, asked as an SDK asks it."""

import contextlib
import json
import socket
import ssl
import threading
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPException, HTTPSConnection, InvalidURL
from typing import Any

from cone_cli.doctor.endpoint_address import EndpointAddress
from cone_cli.doctor.endpoint_address_check import env_command
from cone_cli.doctor.environment_secrets import hide
from cone_cli.doctor.finding import Finding, Level
from cone_sidecar.clock import Clock, parse_timestamp
from cone_sidecar.secret import Secret

LIMIT_S = 2.0
LARGEST = 65_536
LONGEST_MESSAGE = 300
LAST = 4
OK, UNAUTHORIZED, FORBIDDEN, NOT_FOUND, UNAVAILABLE = 200, 401, 403, 404, 503
FIELDS = ("AccessKeyId", "SecretAccessKey", "Token", "Expiration")
# Of cone_sidecar.web.profile_credentials: no story has begun.
NEVER_ASKED = "NeverAsked"
LOOK = "see whether that is the sidecar: cone healthcheck"
TRUST = "SSL_CERT_FILE=<ca.pem> cone aws doctor, and give each client the CA"
AGAIN = "ask again in a moment: cone aws doctor"


def probe(address: EndpointAddress, token: Secret, clock: Clock) -> Finding:
    """Ask the endpoint within two seconds, past any proxy, and return what came of it.

    An SDK that asks has access requested where there is none; a sidecar knows by the user agent that
    this only looks.
    """
    try:
        status, body = _ask(address, token)
    except (OSError, ValueError, HTTPException) as error:
        return Finding("endpoint-listens", Level.FAIL, *_reason(address, error))
    return _told(address, status, hide(body.decode(errors="replace"), [token.reveal()]), clock)


def is_unreachable(finding: Finding) -> bool:
    """Tell whether the finding is that nobody answered."""
    return finding.id == "endpoint-listens"


def _reason(address: EndpointAddress, error: Exception) -> tuple[str, str]:
    """Return why there is no answer, and what to do about it."""
    origin = address.origin
    match error:
        case ssl.SSLError():
            if isinstance(error, ssl.SSLCertVerificationError):
                what, fix = f"{origin} shows a certificate that isn't trusted here", TRUST
            else:
                what, fix = f"no TLS is spoken at {origin}", env_command(address)
            return what, fix
        case ConnectionRefusedError():
            return f"no sidecar listens at {origin}", _serve(address)
        case TimeoutError():
            return f"{origin} doesn't answer within {LIMIT_S:.0f} s", LOOK
        case InvalidURL() | ValueError():
            return "the URI or the token can't be sent as it is: nothing was asked", env_command(
                address
            )
        case HTTPException():
            return f"{origin} gives no HTTP answer in time", LOOK
    reason = getattr(error, "strerror", None) or "no connection"
    return f"{origin} can't be reached: {reason.lower()}", _serve(address)


def _serve(address: EndpointAddress) -> str:
    host = f"[{address.host}]" if ":" in address.host else address.host
    return f"cone serve --listen {host}:{address.port}"


def _ask(address: EndpointAddress, token: Secret) -> tuple[int, bytes]:
    kind = HTTPSConnection if address.scheme == "https" else HTTPConnection
    connection = kind(address.host, address.port, timeout=LIMIT_S)
    headers = {"Accept": "application/json", "User-Agent": "cone-aws-doctor"}
    if token:
        headers["Authorization"] = token.reveal()
    try:
        connection.connect()
        with _limited(connection):
            connection.request("GET", address.target, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.read(LARGEST)
    finally:
        connection.close()


@contextlib.contextmanager
def _limited(connection: HTTPConnection) -> Iterator[None]:
    """End what takes longer in all: the time limit of a socket is one for each piece that arrives."""
    there = connection.sock

    def give_up() -> None:
        with contextlib.suppress(OSError):
            there.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(LIMIT_S, give_up)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _told(address: EndpointAddress, status: int, body: str, clock: Clock) -> Finding:
    content = _object(body)
    if status == OK:
        return _credentials(address, content, clock)
    if content.get("code") == NEVER_ASKED:
        what = f"{address.origin} takes the token, and has the profile; nobody has asked for it yet"
        return Finding("endpoint-answer", Level.INFO, what)
    message = content.get("message") or content.get("Message")
    said = f": {str(message)[:LONGEST_MESSAGE]}" if message else ""
    fixes = {
        UNAUTHORIZED: env_command(address),
        FORBIDDEN: "cone aws status",
        NOT_FOUND: env_command(address),
        UNAVAILABLE: AGAIN,
    }
    return Finding(
        "endpoint-answer",
        Level.FAIL,
        f"{address.origin} answers {status}{said}",
        fixes.get(status, LOOK),
    )


def _credentials(address: EndpointAddress, content: dict[str, Any], clock: Clock) -> Finding:
    try:
        if not all(content[name] and isinstance(content[name], str) for name in FIELDS):
            raise KeyError
        left = int((parse_timestamp(content["Expiration"]) - clock.now()).total_seconds())
    except (KeyError, ValueError, OverflowError):
        return Finding(
            "endpoint-answer",
            Level.FAIL,
            f"{address.origin} answers 200, and no credentials that every client can read",
            LOOK,
        )
    key = f"{address.origin} gives out the key ...{content['AccessKeyId'][-LAST:]}"
    if left <= 0:
        what = f"{key}, which has expired: one of the two clocks is wrong, or the endpoint is no sidecar"
        return Finding("endpoint-answer", Level.FAIL, what, "date -u")
    return Finding("endpoint-answer", Level.OK, f"{key} for {left} s")


def _object(body: str) -> dict[str, Any]:
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}
