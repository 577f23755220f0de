"""One thing that ``cone aws doctor`` found."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from cone_cli.doctor.environment_secrets import hide


class Level(StrEnum):
    """How bad it is: only ``fail`` makes the command fail."""

    OK = "ok"
    INFO = "info"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found, and what to do about it: a command where there is one.

    ``id`` names the check and stays the same for as long as the check exists; ``evidence`` is what was
    looked at: a path, an address, a moment.
    """

    id: str
    level: Level
    what: str
    fix: str = ""
    evidence: str = ""

    def without(self, secrets: Iterable[str]) -> "Finding":
        """Return the finding with ``secrets`` taken out of what people read."""
        known = tuple(secrets)
        return replace(
            self,
            what=hide(self.what, known),
            fix=hide(self.fix, known),
            evidence=hide(self.evidence, known),
        )
