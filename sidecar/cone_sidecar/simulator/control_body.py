"""Bodies of requests that steer the simulator: a JSON object whose every key is known."""

import difflib
import json
from collections.abc import Collection, Mapping
from typing import Any

from starlette.requests import Request


class ControlRefused(Exception):
    """The request can't be done. ``status`` is the HTTP status of the answer."""

    def __init__(self, message: str, *, status: int = 400) -> None:
        super().__init__(message)
        self.message = message
        self.status = status


async def read_body(request: Request, keys: Collection[str]) -> dict[str, Any]:
    """Read the body; an empty one is an empty object.

    Raises:
        ControlRefused: It is no JSON object, or has a key besides ``keys``.
    """
    raw = await request.body()
    try:
        body = json.loads(raw) if raw.strip() else {}
    except ValueError:
        raise ControlRefused("the body is not JSON") from None
    if not isinstance(body, dict):
        raise ControlRefused("the body is not a JSON object")
    for key in body:
        if key not in keys:
            near = difflib.get_close_matches(key, keys, n=1)
            advice = (
                f"did you mean {near[0]!r}?" if near else f"known are {', '.join(sorted(keys))}"
            )
            raise ControlRefused(f"unknown key {key!r}: {advice}")
    return body


def text_of(body: Mapping[str, Any], key: str) -> str:
    """Return a string, "" where it is absent.

    Raises:
        ControlRefused: It is something else.
    """
    value = body.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ControlRefused(f"{key!r} takes a string")
    return value


def required_text(body: Mapping[str, Any], key: str) -> str:
    """Return a string that has to be there.

    Raises:
        ControlRefused: It is absent, empty or something else.
    """
    value = text_of(body, key)
    if not value:
        raise ControlRefused(f"{key!r} is needed")
    return value


def count_of(body: Mapping[str, Any], key: str) -> int | None:
    """Return a positive whole number, None where it is absent.

    Raises:
        ControlRefused: It is something else.
    """
    value = body.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ControlRefused(f"{key!r} takes a whole number from 1")
    return value


def flag_of(body: Mapping[str, Any], key: str) -> bool:
    """Return true or false, false where it is absent.

    Raises:
        ControlRefused: It is something else.
    """
    value = body.get(key, False)
    if not isinstance(value, bool):
        raise ControlRefused(f"{key!r} takes true or false")
    return value
