"""Edits of sections that are there."""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from cone_sidecar.aws_config.lines import Property, Section, SectionName, ending

DELIMITER = re.compile(r"[=:]")
INSIDE_HEADER = re.compile(r"(?<=\[)[^\]]*(?=\])")
COMMENT_BEHIND = re.compile(r"\s([#;].*)", re.DOTALL)


@dataclass(slots=True)
class SectionEdit:
    """What becomes of the sections of one name.

    ``name`` is their new name, empty where they keep theirs; ``values`` are set, ``removed`` are keys that
    go; ``gone`` removes the sections.
    """

    name: str = ""
    values: dict[str, str] = field(default_factory=dict)
    removed: frozenset[str] = frozenset()
    gone: bool = False


class _Change(NamedTuple):
    """Lines ``start`` to ``stop``, exclusive, become ``lines``."""

    start: int
    stop: int
    lines: list[str]


def edit_same_named(sections: Sequence[Section], edit: SectionEdit, end: str) -> None:
    """Change the sections of one name, the last value of a key being the one that counts.

    All that isn't meant stays as it was. Each line has its end; ``end`` is that of lines that are added.
    """
    changes: dict[int, list[_Change]] = defaultdict(list)
    counting: dict[str, tuple[int, Property]] = {}
    for number, section in enumerate(sections):
        for found in section.properties:
            counting[found.key] = (number, found)
            if found.key in edit.removed:
                changes[number].append(_Change(found.start, found.stop, []))
    for key, value in edit.values.items():
        if key in counting and counting[key][1].value != value:
            number, there = counting[key]
            lines = _replaced(sections[number].lines, there, value)
            changes[number].append(_Change(there.start, there.stop, lines))
    added = [f"{key} = {value}{end}" for key, value in edit.values.items() if key not in counting]
    if added and sections:
        stop = sections[-1].stop
        changes[len(sections) - 1].append(_Change(stop, stop, added))
    for number, section in enumerate(sections):
        for change in sorted(changes[number], reverse=True):
            section.lines[change.start : change.stop] = change.lines
        if edit.name:
            kind = section.name.kind
            section.lines[0] = _renamed(section.lines[0], f"{kind} {edit.name}")
            section.name = SectionName(kind, edit.name)
        section.changed()


def _renamed(header: str, inside: str) -> str:
    return INSIDE_HEADER.sub(lambda _: inside, header, count=1)


def _replaced(lines: Sequence[str], there: Property, value: str) -> list[str]:
    """Return a property's new lines; a comment behind the old value gets a line of its own above."""
    before, end = lines[there.start], ending(lines[there.stop - 1])
    kept = DELIMITER.split(before, maxsplit=1)[0].rstrip()
    replaced = [f"{kept} = {value}{end}"]
    if comment := COMMENT_BEHIND.search(there.value.partition("\n")[0]):
        indent = before[: len(before) - len(before.lstrip())]
        replaced.insert(0, f"{indent}{comment[1]}{end}")
    return replaced
