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
HEADER = re.compile(r"\[([^\]]*)\]")
PROPERTY = re.compile(r"\s*(?P<key>[^=:]*?)\s*[=:][^\S\r\n]*(?P<value>.*)", re.DOTALL)
PLAIN_HEADER = re.compile(r"(profile|sso-session|services)[ \t]+([^\s\"'\\]+)")
PREFIXES = frozenset({"profile", "sso-session", "services"})
BYTE_ORDER_MARK = "\ufeff"


class SectionName(NamedTuple):
    """A section's kind (``profile``, ``sso-session``, ``services`` or nothing) and its name."""

    kind: str
    name: str


@dataclass(slots=True)
class Property:
    """A key and its value; ``start`` and ``stop`` are indexes of lines, ``stop`` exclusive."""

    key: str
    value: str
    start: int
    stop: int


@dataclass(slots=True)
class Section:
    """A section, from its header at the line ``start``."""

    name: SectionName
    start: int
    properties: list[Property] = field(default_factory=list)

    @property
    def values(self) -> dict[str, str]:
        """Return the values by key; of a repeated key the last."""
        return {found.key: found.value for found in self.properties}

    @property
    def stop(self) -> int:
        """Return the index after the last line that holds a property: comments behind it are not ours."""
        return self.properties[-1].stop if self.properties else self.start + 1


def split_lines(text: str) -> list[str]:
    """Split ``text`` into lines that keep their ends; joined, they are ``text`` again."""
    return LINE.findall(text)


def ending(line: str) -> str:
    r"""Return the line's end: ``\r\n``, ``\n``, ``\r`` or nothing."""
    return line[len(line.rstrip("\r\n")) :] if not line.endswith("\r\n") else "\r\n"


def read_sections(lines: Sequence[str]) -> tuple[list[Section], list[int]]:
    """Return the sections, and the indexes of lines that no AWS tool can read."""
    sections: list[Section] = []
    malformed: list[int] = []
    indent = 0
    for index, text in _significant(lines):
        section = sections[-1] if sections else None
        here = len(text) - len(text.lstrip())
        header = HEADER.match(text.strip())
        if header:
            sections.append(Section(section_name(header[1]), index))
            indent = here
        elif section and section.properties and here > indent:
            last = section.properties[-1]
            last.value = f"{last.value}\n{text.strip()}"
            last.stop = index + 1
        elif section and (found := PROPERTY.match(text)) and found["key"]:
            value = found["value"].strip()
            section.properties.append(Property(found["key"].lower(), value, index, index + 1))
            indent = here
        else:
            malformed.append(index)
    return sections, malformed


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


def _significant(lines: Sequence[str]) -> Iterator[tuple[int, str]]:
    for index, line in enumerate(lines):
        text = line.removeprefix(BYTE_ORDER_MARK) if index == 0 else line
        stripped = text.strip()
        if stripped and stripped[0] not in "#;":
            yield index, text
