"""When a call upstream is made again: up to four times, Retry-After first, and not for ever."""

import email.utils
from datetime import UTC

import httpx

from cone_sidecar.clock import Clock
from cone_sidecar.pace import Backoff

ATTEMPTS = 4
LONGEST_RETRY_AFTER_S = 30.0
# A server that is silent isn't asked again after so long: each silence takes ten seconds.
SILENCE_LIMIT_S = 15.0


class Retries:
    """The attempts of one call, with growing, jittered pauses between them (reference §5)."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._left = ATTEMPTS - 1
        self._delays = Backoff(first=0.5, factor=2.0, limit=LONGEST_RETRY_AFTER_S).delays()
        self._silent_until = clock.monotonic() + SILENCE_LIMIT_S

    async def again(self, answer: httpx.Response | None) -> bool:
        """Wait until another attempt is due; False when there have been enough.

        ``answer`` is what came, None where nothing did.
        """
        if not self._left or (answer is None and self._clock.monotonic() >= self._silent_until):
            return False
        self._left -= 1
        delay, wait = next(self._delays), retry_after(answer, self._clock)
        await self._clock.sleep(min(delay if wait is None else wait, LONGEST_RETRY_AFTER_S))
        return True


def retry_after(answer: httpx.Response | None, clock: Clock) -> float | None:
    """Return what Retry-After says in seconds; it may be a number or a date (RFC 9110 §10.2.3)."""
    if answer is None:
        return None
    text = answer.headers.get("retry-after", "").strip()
    if text.isdecimal():
        return float(text)
    try:
        moment = email.utils.parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - clock.now()).total_seconds())
