"""Each refusal is one line in the log: half of the SDKs never show what they were told."""

import logging

from cachetools import TTLCache

from cone_sidecar.clock import Clock
from cone_sidecar.errors import ConeError, RequestRefused, Unauthorized
from cone_sidecar.web.answer import one_line, person_message

LONGEST_PATH = 120
# Whoever has no token can't fill the log: after the first ones of a minute, ever fewer are told of.
REMEMBERED_S = 60.0
MOST_REMEMBERED = 4096
ALWAYS_TOLD = 10
logger = logging.getLogger(__name__)


class RefusalLog:
    """Say why requests were refused, in the words that the clients were told."""

    def __init__(self, clock: Clock) -> None:
        self._times: TTLCache[tuple[str, str], int] = TTLCache(
            MOST_REMEMBERED, REMEMBERED_S, timer=clock.monotonic
        )

    def refused(self, peer: str, path: str, error: ConeError) -> None:
        """Write the line of one refusal; ``peer`` is an address without a port."""
        again = ""
        if isinstance(error, RequestRefused | Unauthorized):
            times = self._times.get((peer, error.message), 0) + 1
            self._times[peer, error.message] = times
            if not told(times):
                return
            again = f" ({times} times within a minute)" if times > ALWAYS_TOLD else ""
        logger.warning(
            "refused: %s: %s: %s%s",
            one_line(path)[:LONGEST_PATH],
            error.code,
            person_message(error),
            again,
        )


def told(times: int) -> bool:
    """Tell whether the log speaks of it: of the first ones, then ever more rarely."""
    return times <= ALWAYS_TOLD or times & (times - 1) == 0
