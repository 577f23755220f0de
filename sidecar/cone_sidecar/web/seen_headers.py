"""What one pass over a request's headers finds."""

from collections.abc import Sequence
from dataclasses import dataclass

# No SDK sends any of these: they speak of a browser, or of a proxy in between (sdk-contract §1.5).
FOREIGN_HEADERS = frozenset({b"origin", b"cookie", b"x-forwarded-for", b"forwarded", b"via"})
FOREIGN_PREFIX = b"sec-fetch-"
BROWSER = b"Mozilla/"

# Around a value they are none of it (RFC 9110 §5.5); the parser leaves those behind it.
BLANKS = b" \t"

Headers = Sequence[tuple[bytes, bytes]]


@dataclass(slots=True)
class SeenHeaders:
    """The headers that decide who is answered; of those that came twice, the last, and how often."""

    host: bytes = b""
    hosts: int = 0
    authorization: bytes = b""
    authorizations: int = 0
    user_agent: bytes = b""
    accept: bytes = b""
    browser: bool = False
    foreign: bool = False
    body: bool = False


def read_headers(headers: Headers) -> SeenHeaders:
    """Read headers whose names are in lower case."""
    seen = SeenHeaders()
    for name, value in headers:
        if name == b"host":
            seen.host = value.strip(BLANKS)
            seen.hosts += 1
        elif name == b"authorization":
            seen.authorization = value.strip(BLANKS)
            seen.authorizations += 1
        elif name == b"user-agent":
            seen.user_agent = value
            seen.browser |= value.startswith(BROWSER)
        elif name == b"accept":
            seen.accept = value
        elif name in FOREIGN_HEADERS or name.startswith(FOREIGN_PREFIX):
            seen.foreign = True
        elif name == b"transfer-encoding" or (name == b"content-length" and value.strip(b"0 ")):
            seen.body = True
    return seen
