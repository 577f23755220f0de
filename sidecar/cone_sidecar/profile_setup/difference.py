"""What a run would change, as a unified diff that ``patch -p1`` and ``git apply`` take."""

import difflib
from collections.abc import Iterator
from pathlib import Path

from cone_sidecar.aws_config.document import ENCODING
from cone_sidecar.aws_config.lines import ending, split_lines


def unified_diff(path: Path, before: bytes, after: bytes) -> str:
    """Return the difference between two contents of ``path``, empty where there is none."""
    name = path.as_posix().removeprefix("/")
    old = f"a/{name}" if before else "/dev/null"
    lines = difflib.unified_diff(_lines(before), _lines(after), old, f"b/{name}")
    return "".join(_told(lines))


def _lines(data: bytes) -> list[str]:
    return split_lines(data.decode(*ENCODING))


def _told(lines: Iterator[str]) -> Iterator[str]:
    for line in lines:
        yield line
        if not ending(line):
            yield "\n\\ No newline at end of file\n"
