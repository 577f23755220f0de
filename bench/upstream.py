"""The simulator as the upstream of a benchmark: its latency, its journal, its grants."""

import http.client
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from cone_sidecar.clock import parse_timestamp

LIMIT_S = 10


@dataclass(frozen=True)
class Chain:
    """The requests of one call, and the seconds from the first one's start to the last one's answer."""

    requests: int
    seconds: float


class Upstream:
    """Steer a simulator."""

    def __init__(self, url: str) -> None:
        self._address = urlsplit(url).netloc

    def delay(self, seconds: float) -> None:
        """Let each answer come ``seconds`` late from now on."""
        self._control("DELETE", "faults")
        if seconds:
            self._control("POST", "faults", {"operation": "*", "latency": seconds})

    def forget(self) -> None:
        """Empty the journal."""
        self._control("DELETE", "requests")

    def chain(self) -> Chain:
        """Return what the journal holds."""
        entries: list[dict[str, Any]] = self._control("GET", "requests")
        times = [(_time(entry["started"]), _time(entry["finished"])) for entry in entries]
        return Chain(len(entries), _span(times))

    def revoke(self, account: str, permission_set: str) -> None:
        """End the grant, so that the next call has to ask for it."""
        self._control(
            "POST", "grants/revoke", {"account": account, "permission_set": permission_set}
        )

    def _control(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 -- JSON
        connection = http.client.HTTPConnection(self._address, timeout=LIMIT_S)
        try:
            data = None if body is None else json.dumps(body)
            connection.request(method, f"/_simulator/{path}", data)
            answer = connection.getresponse()
            text = answer.read()
        finally:
            connection.close()
        if answer.status >= 300:
            message = f"{method} {path}: HTTP {answer.status} {text.decode()}"
            raise RuntimeError(message)
        return json.loads(text) if text else None


def _time(text: str) -> datetime:
    return parse_timestamp(text)


def _span(times: Sequence[tuple[datetime, datetime]]) -> float:
    if not times:
        return 0.0
    first, last = min(start for start, _ in times), max(end for _, end in times)
    return (last - first).total_seconds()
