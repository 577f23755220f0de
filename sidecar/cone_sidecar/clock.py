"""Time, injected: whoever needs it takes a :class:`Clock`, so that tests can advance it."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Tell the time and wait for it."""

    def now(self) -> datetime:
        """Return the wall clock's time, in UTC."""

    def monotonic(self) -> float:
        """Return seconds that only grow; good for time limits, useless across a sleep."""

    async def sleep(self, seconds: float) -> None:
        """Wait for ``seconds``."""


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """Return the wall clock's time, in UTC."""
        return datetime.now(UTC)  # noqa: TID251 -- the one place

    def monotonic(self) -> float:
        """Return seconds that only grow."""
        return time.monotonic()  # noqa: TID251 -- the one place

    async def sleep(self, seconds: float) -> None:
        """Wait for ``seconds``."""
        await asyncio.sleep(seconds)


def rfc3339(moment: datetime) -> str:
    """Format ``moment`` as ``YYYY-MM-DDTHH:MM:SSZ``, rounded down to the second.

    JavaScript and Rust SDKs refuse any other zone than ``Z`` (sdk-contract §6, rule 14).
    """
    return moment.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat() + "Z"


def parse_timestamp(text: str) -> datetime:
    """Parse an RFC 3339 time with 0 to 9 fractional digits, or AWS's old ``…UTC`` suffix.

    Raises:
        ValueError: ``text`` is neither.
    """
    zoned = text.removesuffix("UTC") + "+00:00" if text.endswith("UTC") else text
    head, dot, tail = zoned.partition(".")
    if dot:
        digits = len(tail) - len(tail.lstrip("0123456789"))
        zoned = f"{head}.{tail[: min(digits, 6)]}{tail[digits:]}"
    moment = datetime.fromisoformat(zoned)
    if moment.tzinfo is None:
        message = f"time without a zone: {text!r}"
        raise ValueError(message)
    return moment.astimezone(UTC)


def seconds(amount: float) -> timedelta:
    """Return ``amount`` seconds as a duration."""
    return timedelta(seconds=amount)
