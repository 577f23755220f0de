"""Edits of sections that are there: many of them in one pass over the lines."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
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


def edited_lines(
    lines: Sequence[str],
    sections: Sequence[Section],
    edits: Mapping[SectionName, SectionEdit],
    end: str,
) -> list[str]:
    """Return ``lines`` after ``edits``; all that isn't meant stays as it was.

    Args:
        lines: Lines with their ends.
        sections: What they hold.
        edits: What becomes of the sections of each name.
        end: The end of a line that is added.
    """
    result = list(lines)
    # A file whose last line isn't ended stays so.
    open_end = bool(result) and not ending(result[-1])
    if open_end:
        result[-1] += end
    named: dict[SectionName, list[Section]] = defaultdict(list)
    for section in sections:
        if section.name in edits:
            named[section.name].append(section)
    changes = [
        change
        for name, same in named.items()
        for change in _changes(result, same, edits[name], end)
    ]
    kept: list[str] = []
    upto = 0
    for change in sorted(changes, key=lambda each: (each.start, each.stop)):
        kept += result[upto : change.start]
        kept += change.lines
        upto = change.stop
    kept += result[upto:]
    if open_end and kept:
        kept[-1] = kept[-1].removesuffix(ending(kept[-1]))
    return kept


def _changes(
    lines: Sequence[str], sections: Sequence[Section], edit: SectionEdit, end: str
) -> Iterator[_Change]:
    """Yield what changes in the sections of one name; the last value of a key is the one that counts."""
    if edit.gone:
        for section in sections:
            blank_before = section.start > 0 and not lines[section.start - 1].strip("\r\n")
            yield _Change(section.start - blank_before, section.stop, [])
        return
    counting: dict[str, Property] = {}
    for section in sections:
        if edit.name:
            header = _renamed(lines[section.start], f"{section.name.kind} {edit.name}")
            yield _Change(section.start, section.start + 1, [header])
        for found in section.properties:
            counting[found.key] = found
            if found.key in edit.removed:
                yield _Change(found.start, found.stop, [])
    for key, value in edit.values.items():
        if (there := counting.get(key)) and there.value != value:
            yield _Change(there.start, there.stop, _replaced(lines, there, value))
    added = [f"{key} = {value}{end}" for key, value in edit.values.items() if key not in counting]
    if added and sections:
        yield _Change(sections[-1].stop, sections[-1].stop, added)


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
