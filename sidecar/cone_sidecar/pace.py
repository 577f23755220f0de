"""How long the story waits between two looks, and how long it tries."""

import random
from collections.abc import Iterator
from dataclasses import dataclass

FAST_LIMIT_S = 3.0
SLOW_LIMIT_S = 30.0
# While a machine decides, seconds matter; a person takes minutes.
FAST_FOR_S = 60.0


@dataclass(frozen=True, slots=True)
class Backoff:
    """Delays in seconds that grow by ``factor`` from ``first`` to ``limit``, jittered by a quarter."""

    first: float = 0.5
    factor: float = 1.5
    limit: float = FAST_LIMIT_S

    def delays(self) -> Iterator[float]:
        """Yield delays without end."""
        delay = self.first
        while True:
            yield delay * random.uniform(0.75, 1.0)  # noqa: S311 -- spreads load, guards nothing
            delay = min(delay * self.factor, self.limit)


def task_delays() -> Iterator[float]:
    """Yield the delays between looks at a task: 0.5 s growing to 3 s, after a minute to 30 s."""
    waited = 0.0
    for delay in Backoff().delays():
        if waited > FAST_FOR_S:
            break
        waited += delay
        yield delay
    yield from Backoff(first=FAST_LIMIT_S, limit=SLOW_LIMIT_S).delays()


PROPAGATION_LIMIT_S = 60.0


def propagation_delays() -> Iterator[float]:
    """Yield the delays between two tries at AWS: 0.5 s growing to 3 s."""
    return Backoff().delays()
