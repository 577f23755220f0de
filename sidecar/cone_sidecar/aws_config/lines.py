"""The lines of an AWS config file: where sections and properties begin and end.

Read as botocore's parser reads them, with two exceptions in favour of what people write: an indented
header and a header with a comment behind it are headers, as they are to the other AWS SDKs.
"""

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

# Every end of line that Python's universal newlines know, and no other of str.splitlines.
LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
HEADER = re.compile(r"\s*\[([^\]]*)\]")
DELIMITER = re.compile(r"[=:]")
PLAIN_HEADER = re.compile(r"(profile|sso-session|services)[ \t]+([^\s\"'\\]+)")
PREFIXES = frozenset({"profile", "sso-session", "services"})
BYTE_ORDER_MARK = "\ufeff"


class SectionName(NamedTuple):
    """A section's kind (``profile``, ``sso-session``, ``services`` or nothing) and its name."""

    kind: str
    name: str


@dataclass(slots=True)
class Property:
    """A key and its value; ``start`` and ``stop`` are indexes of the section's lines, ``stop`` exclusive."""

    key: str
    value: str
    start: int
    stop: int


@dataclass(slots=True, eq=False)
class Section:
    """A section: its header's line and those behind it, up to the next header."""

    name: SectionName
    lines: list[str]
    _properties: list[Property] | None = field(default=None, repr=False)
    _malformed: int = 0

    @property
    def properties(self) -> list[Property]:
        """Return the properties in their order; the lines are read when they are asked for."""
        if self._properties is None:
            self._properties, self._malformed = _read(self.lines)
        return self._properties

    @property
    def malformed(self) -> int:
        """Return the index of the first line that no AWS tool can read, 0 where there is none."""
        _ = self.properties
        return self._malformed

    @property
    def values(self) -> dict[str, str]:
        """Return the values by key; of a repeated key the last."""
        return {found.key: found.value for found in self.properties}

    @property
    def stop(self) -> int:
        """Return the index after the last line that holds a property: comments behind it are not ours."""
        return self.properties[-1].stop if self.properties else 1

    def changed(self) -> None:
        """Have the lines read anew."""
        self._properties = None


def split_lines(text: str) -> list[str]:
    """Split ``text`` into lines that keep their ends; joined, they are ``text`` again."""
    return LINE.findall(text)


def ending(line: str) -> str:
    r"""Return the line's end: ``\r\n``, ``\n``, ``\r`` or nothing."""
    return line[len(line.rstrip("\r\n")) :] if not line.endswith("\r\n") else "\r\n"


def read_sections(lines: Sequence[str]) -> tuple[list[str], list[Section]]:
    """Return the lines before the first section, and the sections."""
    starts = list(_headers(lines))
    stops = [start for start, _ in starts] + [len(lines)]
    sections = []
    for (start, inner), stop in zip(starts, stops[1:], strict=True):
        sections.append(Section(section_name(inner), list(lines[start:stop])))
    return list(lines[: stops[0]]), sections


def malformed_before_sections(lines: Sequence[str]) -> int:
    """Return the number of the first line that is neither blank nor a comment, 0 where there is none."""
    for number, line in enumerate(lines, 1):
        text = (line.removeprefix(BYTE_ORDER_MARK) if number == 1 else line).strip()
        if text and text[0] not in "#;":
            return number
    return 0


def section_name(inner: str) -> SectionName:
    """Read what stands between a header's brackets."""
    if plain := PLAIN_HEADER.fullmatch(inner.strip()):
        return SectionName(plain[1], plain[2])
    try:
        words = shlex.split(inner)
    except ValueError:
        # A lone quote: the original writes such names, botocore doesn't read them.
        words = inner.split(maxsplit=1)
    if words and words[0] in PREFIXES:
        return SectionName(words[0], words[1] if len(words) == 2 else "")  # noqa: PLR2004 -- kind and name
    if inner.strip() == "default":
        return SectionName("profile", "default")
    return SectionName("", inner.strip())


def _read(lines: Sequence[str]) -> tuple[list[Property], int]:
    """Return a section's properties, and the index of its first line that no AWS tool can read, else 0."""
    properties: list[Property] = []
    malformed = 0
    found: Property | None = None
    continued: list[str] = []
    indent = len(lines[0]) - len(lines[0].lstrip())
    for index, line in enumerate(lines[1:], 1):
        text = line.strip()
        if not text or text[0] in "#;":
            continue
        here = len(line) - len(line.lstrip())
        if found and here > indent:
            continued.append(text)
            found.stop = index + 1
            continue
        delimiter = DELIMITER.search(text)
        if delimiter is None or not delimiter.start():
            malformed = malformed or index
            continue
        _continue(found, continued)
        continued = []
        key, value = text[: delimiter.start()], text[delimiter.end() :]
        found = Property(key.rstrip().lower(), value.lstrip(), index, index + 1)
        properties.append(found)
        indent = here
    _continue(found, continued)
    return properties, malformed


def _headers(lines: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Yield each header's index, and what stands between its brackets."""
    for index, line in enumerate(lines):
        if "[" not in line:
            continue
        found = HEADER.match(line.removeprefix(BYTE_ORDER_MARK) if index == 0 else line)
        if found:
            yield index, found[1]


def _continue(found: Property | None, continued: Sequence[str]) -> None:
    if found and continued:
        found.value = "\n".join([found.value, *continued])
