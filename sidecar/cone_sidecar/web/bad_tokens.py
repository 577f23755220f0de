"""Wrong tokens are answered later and later; nobody is ever locked out (sdk-contract §6, rule 6)."""

from cachetools import TTLCache

from cone_sidecar.clock import Clock

REMEMBERED_S = 60.0
MOST_PEERS = 1024
# A program with an old token asks a few times before it gives up.
UNHINDERED = 10
FIRST_PAUSE_S = 0.05
# SDKs give up after a second: a person with an old token shall still read why.
LONGEST_PAUSE_S = 0.8


class BadTokens:
    """Count the wrong tokens of each peer, for a minute after its last one."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._counts: TTLCache[str, int] = TTLCache(MOST_PEERS, REMEMBERED_S, timer=clock.monotonic)

    def count(self, peer: str) -> int:
        """Count one more of ``peer``; returns how many there are."""
        times = self._counts.get(peer, 0) + 1
        self._counts[peer] = times
        return times

    async def wait(self, times: int) -> None:
        """Wait as long as somebody does who presented as many."""
        beyond = times - UNHINDERED
        if beyond > 0:
            await self._clock.sleep(pause_s(beyond))


def pause_s(beyond: int) -> float:
    """Return how many seconds the answer to the ``beyond``-th wrong token too many is late."""
    return float(min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** min(beyond - 1, 10)))
