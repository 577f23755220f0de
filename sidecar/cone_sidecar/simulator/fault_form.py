"""A fault as ``POST /_simulator/faults`` takes it."""

import json
import math
from collections.abc import Mapping
from typing import Any

from cone_sidecar.simulator.control_body import (
    ControlRefused,
    count_of,
    flag_of,
    required_text,
    text_of,
)
from cone_sidecar.simulator.durations import duration_seconds
from cone_sidecar.simulator.faults import TOO_MANY_REQUESTS, Fault
from cone_sidecar.simulator.operations import OPERATION_NAMES, matches_operation

EFFECTS = ("reset", "hang", "truncate", "html")
FAULT_KEYS = frozenset({"operation", "latency", "status", "retry_after", "body", "count", *EFFECTS})
LOWEST_STATUS = 200
HIGHEST_STATUS = 599


def parse_fault(body: Mapping[str, Any]) -> Fault:
    """Read a fault.

    Raises:
        ControlRefused: It names no operation, has no effect, or more than one.
    """
    operation = required_text(body, "operation")
    if not any(matches_operation(operation, name) for name in OPERATION_NAMES):
        raise ControlRefused(
            f"no operation is called {operation!r}: known are {', '.join(sorted(OPERATION_NAMES))}"
        )
    effects = [name for name in EFFECTS if flag_of(body, name)]
    status, retry_after = _status(body), _retry_after(body)
    if status is None and retry_after:
        status = TOO_MANY_REQUESTS
    if status is not None:
        effects.append("status")
    latency = parse_duration(body.get("latency", 0), key="latency")
    if len(effects) > 1:
        raise ControlRefused(f"a fault has one effect, not {' and '.join(effects)}")
    if not effects and not latency:
        raise ControlRefused("a fault needs latency, status, reset, hang, truncate or html")
    if "body" in body and status is None:
        raise ControlRefused("'body' goes with 'status'")
    return Fault(
        operation=operation,
        latency=latency,
        status=status,
        retry_after=retry_after,
        body=_body(body),
        count=count_of(body, "count"),
        **{name: True for name in effects if name in EFFECTS},
    )


def parse_duration(value: object, *, key: str) -> float:
    """Return seconds, from a number of them or from a text such as ``1.5s`` or ``10m``.

    Raises:
        ControlRefused: It is neither, or negative.
    """
    if isinstance(value, str):
        try:
            return duration_seconds(value)
        except ValueError:
            raise ControlRefused(f"{key!r} takes a duration such as 1.5s or 10m") from None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < math.inf:
        raise ControlRefused(f"{key!r} takes seconds, or a duration such as 1.5s or 10m")
    return float(value)


def _status(body: Mapping[str, Any]) -> int | None:
    status = count_of(body, "status")
    if status is not None and not LOWEST_STATUS <= status <= HIGHEST_STATUS:
        raise ControlRefused("'status' takes an HTTP status from 200 to 599")
    return status


def _retry_after(body: Mapping[str, Any]) -> str:
    value = body.get("retry_after")
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return text_of(body, "retry_after")


def _body(body: Mapping[str, Any]) -> str | None:
    value = body.get("body")
    return value if value is None or isinstance(value, str) else json.dumps(value)
