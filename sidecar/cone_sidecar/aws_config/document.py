"""An AWS config file that can be changed without touching what isn't meant."""

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache

from cone_sidecar.ascii_text import ascii_text
from cone_sidecar.aws_config.lines import (
    BYTE_ORDER_MARK,
    DELIMITER,
    Property,
    Section,
    SectionName,
    ending,
    malformed_before_sections,
    read_sections,
    split_lines,
)
from cone_sidecar.aws_config.section_edit import SectionEdit, edit_same_named
from cone_sidecar.errors import ConfigurationError

KEY = re.compile(r"[A-Za-z0-9_]+")
# What ends a header, a word of it, or a word of the shell. With a comma Go's SDK of 2023 can't read the file.
UNSAFE_IN_NAME = frozenset("[]\"'\\`$,")
# JavaScript has no property of this name. (Its SDK leaves out profiles of other names than [\w@+.%:/-]+, and
# reads the rest of the file as ever; names of accounts have such characters, and the original writes them.)
PROTOTYPE = "__proto__"
# Other SDKs than botocore take a comment to begin here.
COMMENT = re.compile(r"(?:^|[\s=:,\[\]])[#;]")
# Go's SDK of 2023 can't read the file, or reads on behind the line's end; also a quote that isn't closed.
UNFIT_START = re.compile(r"""[,=:\[]|"[^"]*$|'[^']*$""")
# What nearly all names and values are, and is safe by the rules for the others.
PLAIN_NAME = re.compile(r"[A-Za-z0-9][\w.+@:/-]*", re.ASCII)
PLAIN_VALUE = re.compile(r"[A-Za-z0-9/][\w.+@:/-]*(?: [\w.+@:/\"-]+)*", re.ASCII)
ENCODING = ("utf-8", "surrogateescape")


class AwsConfigDocument:
    """Hold every byte of an AWS config file; :meth:`render` gives back what wasn't changed as it was.

    Each section holds its own lines: an edit reads that section again, and finding one is a look-up.
    """

    def __init__(self, text: str = "") -> None:
        lines = split_lines(text)
        self._end = _usual_ending(lines)
        self._preamble, self._sections = read_sections(lines)
        self._named = _by_name(self._sections)

    @classmethod
    def parse(cls, data: bytes) -> "AwsConfigDocument":
        """Read any bytes; nothing is refused, see :attr:`malformed_line`."""
        return cls(data.decode(*ENCODING))

    def render(self) -> bytes:
        """Return the file's bytes."""
        parts = [self._preamble, *(section.lines for section in self._sections)]
        return b"".join("".join(lines).encode(*ENCODING) for lines in parts)

    @property
    def sections(self) -> list[Section]:
        """Return the sections in their order; one name may come more than once."""
        return list(self._sections)

    @property
    def malformed_line(self) -> int:
        """Return the number of the first line that AWS tools can't read, 0 where there is none."""
        if number := malformed_before_sections(self._preamble):
            return number
        before = len(self._preamble)
        for section in self._sections:
            if section.malformed:
                return before + section.malformed + 1
            before += len(section.lines)
        return 0

    def values(self, name: SectionName) -> dict[str, str] | None:
        """Return a section's values by lower-case key, None where there is no such section.

        Sections of the same name are one, the last value of a key is its value.
        """
        found = self._named.get(name)
        if found is None:
            return None
        merged: dict[str, str] = {}
        for section in found:
            merged |= section.values
        return merged

    def append_section(self, name: SectionName, values: Mapping[str, str]) -> None:
        """Add a section at the end, after a blank line, in the file's own style.

        Raises:
            ConfigurationError: A name or value can't be written so that every AWS tool reads it back.
        """
        check_section(name, values)
        block = [f"[{name.kind} {name.name}]"]
        block += [f"{key} = {value}" for key, value in values.items()]
        last = self._last_lines()
        # A lone carriage return, then a line feed, would be one end of line.
        end = "\r" if last and ending(last[-1]) == "\r" else self._end
        # A file whose last line isn't ended stays so: taking the section out again restores it.
        open_end = bool(last) and not ending(last[-1])
        if open_end:
            last[-1] += end
        if last:
            last.append(end)
        section = Section(name, [line + end for line in block])
        if open_end:
            section.lines[-1] = block[-1]
        self._sections.append(section)
        self._named.setdefault(name, []).append(section)

    def remove_section(self, name: SectionName) -> None:
        """Remove the sections of this name, and the blank line before; comments behind them stay."""
        for section in reversed(self._named.pop(name, [])):
            index = self._sections.index(section)
            open_end = self._last_lines() is section.lines and not ending(section.lines[-1])
            before = self._sections[index - 1].lines if index else self._preamble
            if before and not before[-1].strip("\r\n"):
                before.pop()
            kept = section.lines[section.stop :]
            before += kept
            del self._sections[index]
            if kept and index:
                self._sections[index - 1].changed()
            if open_end and not kept:
                self._open_end()

    def set_value(self, name: SectionName, key: str, value: str) -> None:
        """Replace a key's value where it counts, or add the key after the section's last.

        Raises:
            ConfigurationError: There is no such section, or the value can't be written.
        """
        check_section(name, {key: value})
        sections = self._named.get(name)
        if not sections:
            raise ConfigurationError(
                f"there is no section {ascii_text(f'[{name.kind} {name.name}]')}",
                hint="cone aws setup",
            )
        section, found = self._property(name, key) or (sections[-1], None)
        if found is None:
            self._insert(section, f"{key} = {value}")
        elif found.value != value:
            kept = DELIMITER.split(section.lines[found.start], maxsplit=1)[0].rstrip()
            end = ending(section.lines[found.stop - 1])
            section.lines[found.start : found.stop] = [f"{kept} = {value}{end}"]
            section.changed()

    def remove_key(self, name: SectionName, key: str) -> None:
        """Remove a key from the sections of this name, however often it is there."""
        while (place := self._property(name, key)) is not None:
            section, found = place
            open_end = found.stop == len(section.lines) and not ending(section.lines[-1])
            del section.lines[found.start : found.stop]
            if open_end:
                self._open_end()
            section.changed()

    def edit_sections(self, edits: Mapping[SectionName, SectionEdit]) -> None:
        """Carry out all ``edits``, in a time that grows with their number.

        Raises:
            ConfigurationError: A name or value can't be written. Nothing has changed.
        """
        for name, edit in edits.items():
            check_section(name._replace(name=edit.name or name.name), edit.values)
        last = self._last_lines()
        # A file whose last line isn't ended stays so.
        open_end = bool(last) and not ending(last[-1])
        if open_end:
            last[-1] += self._end
        for name, edit in edits.items():
            if edit.gone:
                self.remove_section(name)
            else:
                edit_same_named(self._named.get(name, []), edit, self._end)
        if open_end:
            self._open_end()
        self._named = _by_name(self._sections)

    def _property(self, name: SectionName, key: str) -> tuple[Section, Property] | None:
        """Return the property that counts, and its section: the last of its key."""
        return next(
            (
                (section, found)
                for section in reversed(self._named.get(name, []))
                for found in reversed(section.properties)
                if found.key == key.lower()
            ),
            None,
        )

    def _insert(self, section: Section, text: str) -> None:
        index, end = section.stop, self._end
        if not ending(section.lines[index - 1]):
            section.lines[index - 1] += end
            end = ""
        section.lines.insert(index, text + end)
        section.changed()

    def _last_lines(self) -> list[str]:
        return self._sections[-1].lines if self._sections else self._preamble

    def _open_end(self) -> None:
        """Take the end off the last line."""
        if lines := self._last_lines():
            lines[-1] = lines[-1].removesuffix(ending(lines[-1]))


def safe_name(text: str) -> bool:
    """Tell whether ``text`` can be a section's name for every AWS tool, and a quoted word of a shell."""
    return bool(PLAIN_NAME.fullmatch(text)) or (
        bool(text)
        and text[0] not in "-#;"
        and text != PROTOTYPE
        and not COMMENT.search(text)
        and not UNSAFE_IN_NAME.intersection(text)
        and not any(character.isspace() or character == BYTE_ORDER_MARK for character in text)
        and _printable(text)
    )


# Most values are those of the profile before.
@lru_cache(maxsize=4096)
def safe_value(text: str) -> bool:
    """Tell whether every AWS tool reads ``text`` back as it is written."""
    return bool(PLAIN_VALUE.fullmatch(text)) or (
        bool(text)
        and text == text.strip()
        and _printable(text)
        and not COMMENT.search(text)
        and not UNFIT_START.match(text)
        and BYTE_ORDER_MARK not in text
    )


@lru_cache(maxsize=256)
def _safe_key(text: str) -> bool:
    return bool(KEY.fullmatch(text))


def _by_name(sections: Sequence[Section]) -> dict[SectionName, list[Section]]:
    named: dict[SectionName, list[Section]] = {}
    for section in sections:
        named.setdefault(section.name, []).append(section)
    return named


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


def check_section(name: SectionName, values: Mapping[str, str]) -> None:
    """Raise ConfigurationError for a name or value that not every AWS tool would read back as it is."""
    if not safe_name(name.name):
        raise ConfigurationError(
            f'"{ascii_text(name.name)}" can\'t be a name in an AWS config file',
            hint="use a name of letters, digits, dots, dashes and underscores",
        )
    for key, value in values.items():
        if not (_safe_key(key) and safe_value(value)):
            raise ConfigurationError(
                f"the value of {ascii_text(key)} can't be written into an AWS config file",
                hint="it is empty, or holds a line break, a control character or a comment",
            )
