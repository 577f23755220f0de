"""The ``credential_process`` line that cone writes, read back; what a person wraps around it isn't ours."""

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

LINE = re.compile(
    r"""(?P<path>"[^"]*cone(?:\.exe)?"|'[^']*cone(?:\.exe)?'|(?:\S*[/\\])?cone(?:\.exe)?)"""
    r"""\s+aws\s+credentials\s+(?P<profile>"[^"]*"|'[^']*'|\S+)(?:\s+[#;].*)?""",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class ProcessLine:
    """A path of ``cone`` and the profile that it is asked for; ``written`` is the path with its quotes."""

    path: str
    profile: str
    written: str

    @classmethod
    def read(cls, value: str) -> "ProcessLine | None":
        """Read a value, None where it isn't a line as cone writes them."""
        found = LINE.fullmatch(value)
        if found is None:
            return None
        written = found["path"]
        return cls(written.strip("\"'"), found["profile"].strip("\"'"), written)

    def for_profile(self, profile: str) -> str:
        """Return the same line, asking for another profile."""
        return f'{self.written} aws credentials "{profile}"'

    @property
    def absolute(self) -> bool:
        """Tell whether every SDK finds the path, whatever its PATH."""
        return PurePosixPath(self.path).is_absolute()
