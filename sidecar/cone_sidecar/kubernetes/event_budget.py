"""How many Events there may be: fewer than Kubernetes' own components allow themselves for one object."""

from cone_sidecar.clock import Clock

# client-go's spam filter has 25 and 300 s for each source and object.
BURST = 20
ONE_EVERY_S = 300.0


class EventBudget:
    """A token bucket: ``BURST`` at once, and then one in five minutes."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._left = float(BURST)
        self._at = clock.monotonic()

    def wait_s(self) -> float:
        """Return how long until the next one may be written, in seconds."""
        self._refill()
        return max(0.0, (1.0 - self._left) * ONE_EVERY_S)

    def spend(self) -> None:
        """Take note of one."""
        self._refill()
        self._left -= 1.0

    def _refill(self) -> None:
        now = self._clock.monotonic()
        self._left = min(float(BURST), self._left + (now - self._at) / ONE_EVERY_S)
        self._at = now
