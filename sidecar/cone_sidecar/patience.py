"""How long a caller waits, and what it is told of instead."""

from dataclasses import dataclass

from cone_sidecar.domain.access import OPEN_TASK, WAITS_FOR_A_PERSON, Phase

# For whoever only wants a request to be made: it is, once it has been looked at.
ONCE_REQUESTED = WAITS_FOR_A_PERSON | OPEN_TASK - {Phase.REQUESTING} | {Phase.PROPAGATING}


@dataclass(frozen=True, slots=True)
class Patience:
    """The seconds that a caller waits, and the phases of which it is told at once."""

    seconds: float
    told_at_once: frozenset[Phase] = WAITS_FOR_A_PERSON
