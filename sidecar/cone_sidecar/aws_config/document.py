"""An AWS config file that can be changed without touching what isn't meant."""

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence

from cone_sidecar.ascii_text import ascii_text
from cone_sidecar.aws_config.lines import (
    Property,
    Section,
    SectionName,
    ending,
    read_sections,
    split_lines,
)
from cone_sidecar.errors import ConfigurationError

KEY = re.compile(r"[A-Za-z0-9_]+")
DELIMITER = re.compile(r"[=:]")
# What ends a header, a word of it, or a word of the shell.
UNSAFE_IN_NAME = frozenset("[]\"'\\`$")
# Other SDKs than botocore take a comment to begin here.
COMMENT = re.compile(r"(?:^|\s)[#;]")
ENCODING = ("utf-8", "surrogateescape")


class AwsConfigDocument:
    """Hold every byte of an AWS config file; :meth:`render` gives back what wasn't changed as it was."""

    def __init__(self, text: str = "") -> None:
        self._lines = split_lines(text)
        self._end = _usual_ending(self._lines)
        self._read: tuple[list[Section], list[int]] | None = None
        self._named: dict[SectionName, list[Section]] = {}

    @classmethod
    def parse(cls, data: bytes) -> "AwsConfigDocument":
        """Read any bytes; nothing is refused, see :attr:`malformed_line`."""
        return cls(data.decode(*ENCODING))

    def render(self) -> bytes:
        """Return the file's bytes."""
        return "".join(self._lines).encode(*ENCODING)

    @property
    def sections(self) -> list[Section]:
        """Return the sections in their order; one name may come more than once."""
        return self._parsed()[0]

    @property
    def malformed_line(self) -> int:
        """Return the number of the first line that AWS tools can't read, 0 where there is none."""
        malformed = self._parsed()[1]
        return malformed[0] + 1 if malformed else 0

    def values(self, name: SectionName) -> dict[str, str] | None:
        """Return a section's values by lower-case key, None where there is no such section.

        Sections of the same name are one, the last value of a key is its value.
        """
        self._parsed()
        found = [section.values for section in self._named.get(name, ())]
        merged: dict[str, str] = {}
        for values in found:
            merged |= values
        return merged if found else None

    def append_section(self, name: SectionName, values: Mapping[str, str]) -> None:
        """Add a section at the end, after a blank line, in the file's own style.

        Raises:
            ConfigurationError: A name or value can't be written so that every AWS tool reads it back.
        """
        _check(name, values)
        block = [f"[{name.kind} {name.name}]"]
        block += [f"{key} = {value}" for key, value in values.items()]
        end = self._end
        # A file whose last line isn't ended stays so: taking the section out again restores it.
        open_end = bool(self._lines) and not ending(self._lines[-1])
        if open_end:
            self._lines[-1] += end
        if self._lines:
            self._lines.append(end)
        self._lines += [line + end for line in block]
        if open_end:
            self._lines[-1] = block[-1]
        self._read = None

    def remove_section(self, name: SectionName) -> None:
        """Remove the sections of this name, and the blank line before; comments behind them stay."""
        for section in reversed([found for found in self.sections if found.name == name]):
            start = section.start
            blank_before = start > 0 and not self._lines[start - 1].strip("\r\n")
            self._remove(start - blank_before, section.stop)
        self._read = None

    def set_value(self, name: SectionName, key: str, value: str) -> None:
        """Replace a key's value where it counts, or add the key after the section's last.

        Raises:
            ConfigurationError: There is no such section, or the value can't be written.
        """
        _check(name, {key: value})
        if (found := self._property(name, key)) is not None:
            if found.value != value:
                before = self._lines[found.start]
                kept = DELIMITER.split(before, maxsplit=1)[0].rstrip()
                end = ending(self._lines[found.stop - 1])
                self._lines[found.start : found.stop] = [f"{kept} = {value}{end}"]
                self._read = None
            return
        section = next((each for each in reversed(self.sections) if each.name == name), None)
        if section is None:
            raise ConfigurationError(
                f"there is no section {ascii_text(f'[{name.kind} {name.name}]')}",
                hint="cone aws setup",
            )
        self._insert(section.stop, f"{key} = {value}")

    def remove_key(self, name: SectionName, key: str) -> None:
        """Remove a key from the sections of this name, however often it is there."""
        while (found := self._property(name, key)) is not None:
            self._remove(found.start, found.stop)
            self._read = None

    def _parsed(self) -> tuple[list[Section], list[int]]:
        if self._read is None:
            self._read = read_sections(self._lines)
            self._named = {}
            for section in self._read[0]:
                self._named.setdefault(section.name, []).append(section)
        return self._read

    def _property(self, name: SectionName, key: str) -> Property | None:
        """Return the property that counts: the last of its key."""
        return next(
            (
                found
                for section in reversed(self.sections)
                if section.name == name
                for found in reversed(section.properties)
                if found.key == key.lower()
            ),
            None,
        )

    def _insert(self, index: int, text: str) -> None:
        end = self._end
        if not ending(self._lines[index - 1]):
            self._lines[index - 1] += end
            end = ""
        self._lines.insert(index, text + end)
        self._read = None

    def _remove(self, start: int, stop: int) -> None:
        open_end = stop == len(self._lines) and not ending(self._lines[-1])
        del self._lines[start:stop]
        if open_end and self._lines:
            last = self._lines[-1]
            self._lines[-1] = last.removesuffix(ending(last))


def safe_name(text: str) -> bool:
    """Tell whether ``text`` can be a section's name for every AWS tool, and a quoted word of a shell."""
    return (
        bool(text)
        and text[0] not in "-#;"
        and not UNSAFE_IN_NAME.intersection(text)
        and not any(character.isspace() for character in text)
        and _printable(text)
    )


def safe_value(text: str) -> bool:
    """Tell whether every AWS tool reads ``text`` back as it is written."""
    return bool(text) and text == text.strip() and _printable(text) and not COMMENT.search(text)


def _usual_ending(lines: Sequence[str]) -> str:
    """Return the end of line that is used most."""
    if lines and ending(lines[-1]) == "\r":
        return "\r"
    found = Counter(filter(None, map(ending, lines)))
    return found.most_common(1)[0][0] if found else "\n"


def _printable(text: str) -> bool:
    """Refuse control characters, lone surrogates and separators of lines and paragraphs."""
    return text.isprintable() or not any(
        unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} for character in text
    )


def _check(name: SectionName, values: Mapping[str, str]) -> None:
    if not safe_name(name.name):
        raise ConfigurationError(
            f'"{ascii_text(name.name)}" can\'t be a name in an AWS config file',
            hint="use a name of letters, digits, dots, dashes and underscores",
        )
    for key, value in values.items():
        if not KEY.fullmatch(key) or not safe_value(value):
            raise ConfigurationError(
                f"the value of {ascii_text(key)} can't be written into an AWS config file",
                hint="it is empty, or holds a line break, a control character or a comment",
            )
