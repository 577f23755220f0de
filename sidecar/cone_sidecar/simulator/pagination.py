"""Pages as the tenant cuts them: sizes are bent, and a page may hold more than was asked (reference §0)."""

import base64
import binascii
from collections.abc import Sequence
from http import HTTPStatus
from typing import TypeVar

from cone_sidecar.simulator.protojson import Refused

T = TypeVar("T")
DEFAULT_SIZE = 25
SMALLEST_SIZE = 10
LARGEST_SIZE = 100
# 23 rows for 10 that were asked: what was seen.
OVERSHOOT = 2.3


def page_of(rows: Sequence[T], size: object, token: object) -> tuple[list[T], str]:
    """Return a page and the token of the next one, empty on the last.

    Raises:
        Refused: Size or token is none.
    """
    start = _start(token)
    asked = _size(size)
    held = min(int(asked * OVERSHOOT), LARGEST_SIZE)
    end = start + held
    following = base64.urlsafe_b64encode(f"v1:{end}".encode()).decode() if end < len(rows) else ""
    return list(rows[start:end]), following


def _size(size: object) -> int:
    try:
        number = int(str(size or 0))
    except ValueError:
        raise Refused(HTTPStatus.BAD_REQUEST, "invalid page size") from None
    if number < 0:
        raise Refused(HTTPStatus.BAD_REQUEST, "invalid page size")
    return min(max(number or DEFAULT_SIZE, SMALLEST_SIZE), LARGEST_SIZE)


def _start(token: object) -> int:
    if not token:
        return 0
    try:
        version, _, offset = base64.urlsafe_b64decode(str(token)).decode().partition(":")
        if version != "v1" or not offset.isdecimal():
            raise ValueError
        return int(offset)
    except (ValueError, binascii.Error):
        raise Refused(HTTPStatus.BAD_REQUEST, "invalid page token") from None
