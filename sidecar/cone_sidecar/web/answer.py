"""What goes back to an SDK: credentials, or the error that a person reads inside a traceback."""

import json
from dataclasses import dataclass, field, replace

from cone_sidecar.clock import rfc3339
from cone_sidecar.domain.credentials import RoleCredentials
from cone_sidecar.errors import ConeError

Headers = list[tuple[bytes, bytes]]

# boto3, the AWS CLI and object_store print the whole body on one line (sdk-contract §2.4).
LONGEST_MESSAGE = 160
LEFT_OUT = "..."
NO_STORE = {"cache-control": "no-store"}
FIXED_HEADERS: Headers = [
    (b"content-type", b"application/json"),
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
]


@dataclass(frozen=True, slots=True)
class Answer:
    """A response that is ready to be sent."""

    status: int
    headers: Headers
    body: bytes = field(repr=False)
    whole: bytes = field(default=b"", repr=False)
    """The same as it goes over the wire, where it is sent often enough to be kept."""


def credentials_answer(credentials: RoleCredentials) -> Answer:
    """Answer with credentials: the fields that every SDK reads (sdk-contract §6, rules 13 and 14)."""
    answer = _answer(200, credentials_document(credentials))
    head = b"".join(b"%b: %b\r\n" % header for header in answer.headers)
    return replace(answer, whole=b"HTTP/1.1 200 OK\r\n" + head + b"\r\n" + answer.body)


def credentials_document(credentials: RoleCredentials) -> dict[str, str]:
    """Return credentials as SDKs read them."""
    return {
        "AccessKeyId": credentials.access_key_id,
        "SecretAccessKey": credentials.secret_access_key.reveal(),
        "Token": credentials.session_token.reveal(),
        "Expiration": rfc3339(credentials.expiration),
        "AccountId": credentials.account_id,
    }


def error_answer(error: ConeError, *headers: tuple[bytes, bytes]) -> Answer:
    """Answer with ``error``; both spellings of code and message, since SDKs differ (rule 17)."""
    message = person_message(error)
    return _answer(
        error.http_status,
        {"code": error.code, "message": message, "Code": error.code, "Message": message},
        *headers,
    )


def person_message(error: ConeError) -> str:
    """Return one ASCII line of at most 160 characters: what is wrong and, if it fits, what to do."""
    message = one_line(error.message)
    with_hint = f"{message}; {one_line(error.hint)}" if error.hint else message
    if len(with_hint) <= LONGEST_MESSAGE:
        return with_hint
    return _with_whole_link(message, error)[:LONGEST_MESSAGE]


def _with_whole_link(message: str, error: ConeError) -> str:
    """Return the message with less of the profile's name, where the link would be cut otherwise."""
    name, url = one_line(error.profile), one_line(error.url)
    over = message.find(url) + len(url) - LONGEST_MESSAGE
    kept = len(name) - over - len(LEFT_OUT)
    if url not in message or over <= 0 or kept < 0:
        return message
    return message.replace(f'"{name}"', f'"{name[:kept]}{LEFT_OUT}"', 1)


def one_line(text: str) -> str:
    """Return ``text`` as printable ASCII on one line, whatever names it holds."""
    flat = text.replace("—", "-").replace("…", "...")
    return "".join(c if " " <= c <= "~" else "?" for c in flat)


def _answer(status: int, content: dict[str, str], *headers: tuple[bytes, bytes]) -> Answer:
    body = json.dumps(content).encode()
    length = (b"content-length", str(len(body)).encode())
    return Answer(status, [*FIXED_HEADERS, length, *headers], body)
