"""JSON as the tenant's gateway writes it: unpopulated fields are there, int64 are strings (reference §0)."""

import importlib.resources
import json
import re
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

from starlette.responses import Response

from cone_sidecar.clock import rfc3339
from cone_sidecar.simulator.service_errors import GRPC_CODES, GRPC_UNKNOWN

TYPE_PREFIX = "type.googleapis.com/c1.api."
DURATION = re.compile(r"-?[0-9]{1,10}(\.[0-9]{1,9})?s")
# Fields whose keys are the caller's own.
FREE_FORM = frozenset({"data", "requestData"})
# Every field of each message with its zero value; members of a oneof are left out.
DEFAULTS: Mapping[str, Mapping[str, Any]] = json.loads(
    importlib.resources.files("cone_sidecar.simulator").joinpath("messages.json").read_text("utf-8")
)


class Refused(Exception):
    """A google.rpc.Status to answer with."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        details: list[dict[str, Any]] | None = None,
        code: int = -1,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.details = details or []
        self.code = code if code >= 0 else GRPC_CODES.get(status, GRPC_UNKNOWN)


def message(name: str, /, **values: object) -> dict[str, Any]:
    """Return a message with all its fields: ``values``, and zero values for the rest."""
    return {**DEFAULTS[name], **values}


def packed(name: str, content: Mapping[str, Any]) -> dict[str, Any]:
    """Return a message inside a google.protobuf.Any."""
    return {"@type": TYPE_PREFIX + name, **content}


def timestamp(moment: datetime | None) -> str | None:
    """Format a timestamp with as many fractional digits as it needs: none, three or six."""
    if moment is None:
        return None
    text = rfc3339(moment)
    if not moment.microsecond:
        return text
    micro = f"{moment.microsecond:06}"
    return f"{text[:-1]}.{micro.removesuffix('000')}Z"


def duration(value: timedelta | None) -> str | None:
    """Format a duration as decimal seconds with an ``s``."""
    if value is None:
        return None
    seconds = value.total_seconds()
    return f"{int(seconds)}s" if seconds == int(seconds) else f"{seconds:.3f}s"


def parse_duration(value: object) -> timedelta | None:
    """Parse a duration.

    Raises:
        Refused: It is something else, such as ``1h``.
    """
    if value is None or value == "":
        return None
    if not isinstance(value, str) or not DURATION.fullmatch(value):
        raise Refused(HTTPStatus.BAD_REQUEST, f'invalid google.protobuf.Duration value "{value}"')
    return timedelta(seconds=float(value[:-1]))


def answer(content: Mapping[str, Any], status: int = HTTPStatus.OK) -> Response:
    """Return a JSON response."""
    body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    return Response(body, status_code=status, media_type="application/json")


def refusal(refused: Refused) -> Response:
    """Return the response of an error, with a request id in its text as the real one has."""
    text = f"{refused.message} (request-id: {secrets.token_hex(12)})"
    return answer(
        {"code": refused.code, "message": text, "details": refused.details}, refused.status
    )


def camel(name: str) -> str:
    """Return a field's JSON name: requests may use the proto's snake_case (reference §0)."""
    head, *tail = name.split("_")
    return head + "".join(part[:1].upper() + part[1:] for part in tail)


def fields(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return a request's fields under their JSON names, at every depth but inside free-form data."""
    return {
        camel(key): value if camel(key) in FREE_FORM else _inner(value)
        for key, value in content.items()
    }


def _inner(value: object) -> object:
    if isinstance(value, dict):
        return fields(value)
    return [_inner(each) for each in value] if isinstance(value, list) else value
