"""``sidecar.yaml``: what ``cone serve`` is told by a file, key by key as its flags are called.

What it says stands below the variables: it is read into the texts that they would have.
"""

import os
import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from cone_sidecar.ascii_text import ascii_text
from cone_sidecar.errors import ConeError, ConfigurationError, UsageError
from cone_sidecar.problems import Problems
from cone_sidecar.sidecar_keys import (
    KINDS,
    NONE_IS_ALL,
    RIVALS,
    SECRET_KEYS,
    Kind,
    variable_of,
)
from cone_sidecar.yaml_mapping import NULL, NoMapping, NotYaml, yaml_mapping

LARGEST = 256 * 1024
# Anything else may be a value that slipped before the colon, and a secret.
KEY = re.compile(r"[A-Za-z0-9_.-]{1,40}")
TAGS = "tag:yaml.org,2002:"
TRUTH = TAGS + "bool"


@dataclass(frozen=True, slots=True)
class SidecarFile:
    """What the file says, as variables would: their texts, and the line of each."""

    path: Path
    texts: Mapping[str, str] = field(default_factory=dict)
    lines: Mapping[str, int] = field(default_factory=dict)

    def places(self) -> dict[str, str]:
        """Return where the file speaks for which variable."""
        return {
            variable: f"{ascii_text(str(self.path))}, line {line}"
            for variable, line in self.lines.items()
        }

    def below(self, environment: Mapping[str, str]) -> "SidecarFile":
        """Return what counts beside ``environment``, whose variables win."""
        told = {name for name, text in environment.items() if text}
        silenced = set().union(told, *(rivals for rivals in RIVALS if rivals & told))
        kept = {name: text for name, text in self.texts.items() if name not in silenced}
        return SidecarFile(self.path, kept, {name: self.lines[name] for name in kept})


def read_sidecar_file(path: Path, problems: Problems) -> SidecarFile:
    """Read the file, as far as it can be used; what can't is noted.

    Args:
        path: The file.
        problems: Gets a ConfigurationError if it can't be read or is no YAML, and a UsageError for each key
            that isn't known, is there twice or has a value of another kind.
    """
    try:
        content = _content(path)
    except ConfigurationError as error:
        problems.note(error)
        return SidecarFile(path)
    return parse_sidecar_file(content, path, problems)


def parse_sidecar_file(data: bytes, path: Path, problems: Problems) -> SidecarFile:
    """Parse the file's content, as :func:`read_sidecar_file` does."""
    reading = _Reading(path, problems)
    with problems.noted():
        if root := _root(data, path):
            for key, value in root.value:
                reading.take(key, value)
    return SidecarFile(path, reading.texts, reading.lines)


def _content(path: Path) -> bytes:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            if stat.S_ISFIFO(os.fstat(descriptor).st_mode):
                raise ConfigurationError(
                    f"{ascii_text(str(path))} is a pipe, and this file is read again and again",
                    hint="write it into a file: --config <file>",
                )
            # It raises for a directory, and leaves that open.
            with os.fdopen(descriptor, "rb", closefd=False) as file:
                return file.read(LARGEST + 1)
        finally:
            os.close(descriptor)
    except (OSError, ValueError) as error:
        reason = (isinstance(error, OSError) and error.strerror) or "not a usable path"
        raise ConfigurationError(
            f"{ascii_text(str(path))} can't be read: {reason.lower()}",
            hint=_remedy(error),
        ) from error


def _remedy(error: Exception) -> str:
    if isinstance(error, PermissionError):
        return f"let user {os.geteuid()} read it"
    if isinstance(error, IsADirectoryError):
        return "mount a file there; engines make a directory where the one to mount doesn't exist"
    return "put it there, or name another one: --config <file>"


def _root(data: bytes, path: Path) -> yaml.MappingNode | None:
    """Return the document's mapping, None where it is empty."""
    if len(data) > LARGEST:
        raise ConfigurationError(
            f"{ascii_text(str(path))} is larger than {LARGEST // 1024} KiB",
            hint="check which file is named there",
        )
    try:
        return yaml_mapping(data)
    except NoMapping:
        raise ConfigurationError(
            f"{ascii_text(str(path))} is no mapping of keys to values",
            hint="write it as in max-wait: 30s",
        ) from None
    except NotYaml as error:
        raise _malformed(path, error.line) from None


def _malformed(path: Path, line: int) -> ConfigurationError:
    return ConfigurationError(
        f"{ascii_text(str(path))} is not one valid YAML document at line {line}",
        hint=f"correct line {line}",
    )


class _Reading:
    """One pass over the keys, and what is wrong with them."""

    def __init__(self, path: Path, problems: Problems) -> None:
        self.texts: dict[str, str] = {}
        self.lines: dict[str, int] = {}
        self._problems = problems
        self._path = ascii_text(str(path))
        self._seen: set[str] = set()

    def take(self, key: yaml.Node, value: yaml.Node) -> None:
        """Take one key, or note what is wrong with it."""
        line = key.start_mark.line + 1
        name = key.value if isinstance(key, yaml.ScalarNode) else ""
        with self._problems.noted(f"{self._path}, line {line}"):
            if name not in KINDS:
                raise _unknown(name)
            if name in self._seen:
                raise UsageError(f"{name} is there twice", hint="leave one of them")
            self._seen.add(name)
            if text := _text(name, KINDS[name], value):
                self.texts[variable_of(name)] = text
                self.lines[variable_of(name)] = line


def _unknown(name: str) -> ConeError:
    if name in SECRET_KEYS:
        return UsageError(
            f"{name} doesn't belong in this file, which is none for secrets",
            hint=f"write it into a file of its own, and here {name}-file: <that file>",
        )
    # Importing it costs 0.2 MiB, and few names are wrong.
    import difflib  # noqa: PLC0415 -- as said above

    near = difflib.get_close_matches(name[:60].lower().replace("_", "-"), KINDS, n=1)
    return UsageError(
        f'"{name}" is no key' if KEY.fullmatch(name) else "what stands before the colon is no key",
        hint=f"did you mean {near[0]}?" if near else "the keys are in docs/configuration.md",
    )


def _text(name: str, kind: Kind, value: yaml.Node) -> str:
    """Return what the variable would hold; null is empty, as a variable may be.

    Raises:
        UsageError: The value is of another kind.
    """
    if value.tag == NULL:
        return ""
    match kind:
        case Kind.SWITCH:
            return _truth(name, value)
        case Kind.LIST:
            return ",".join(_items(name, value, forbidden=","))
        case Kind.WORDS:
            return " ".join(_items(name, value, forbidden=" "))
        case Kind.FILES:
            return ",".join(_files(name, value))
        case Kind.TEXT:
            return _scalar(value, UsageError(f"{name} takes one value", hint=f"{name}: <value>"))


def _truth(name: str, value: yaml.Node) -> str:
    if not isinstance(value, yaml.ScalarNode) or value.tag != TRUTH:
        raise UsageError(f"{name} is true or false", hint=f"{name}: true")
    return str(value.value)


def _items(name: str, value: yaml.Node, *, forbidden: str) -> Iterator[str]:
    """Yield the items of a list; a single value is a list of one."""
    refused = UsageError(f"{name} takes a list of values", hint=f"{name}: [<value>, <value>]")
    items = value.value if isinstance(value, yaml.SequenceNode) else [value]
    if not items and name in NONE_IS_ALL:
        raise UsageError(f"{name} lets nobody in", hint=f"name somebody, or leave {name} out: all")
    for item in items:
        text = _scalar(item, refused)
        if forbidden in text:
            raise UsageError(
                f"{name} has two values in one item of its list",
                hint=f"{name}: [<value>, <value>], each without {forbidden!r}",
            )
        yield text


def _files(name: str, value: yaml.Node) -> Iterator[str]:
    refused = UsageError(
        f"{name} takes a mapping of profiles to files",
        hint=f"{name}: {{<profile>: /run/prod/token}}",
    )
    if not isinstance(value, yaml.MappingNode):
        raise refused
    for key, file in value.value:
        profile, path = _scalar(key, refused), _scalar(file, refused)
        if not profile or not path or "," in profile + path:
            raise refused
        # An absolute path, so that an equals sign of the name isn't taken for the one in between.
        yield f"{profile}={Path(path).absolute()}"


def _scalar(value: yaml.Node, refused: UsageError) -> str:
    """Return a scalar as it was written, whatever YAML takes it for: 0440, off, 30."""
    if not isinstance(value, yaml.ScalarNode) or "\0" in value.value:
        raise refused
    return "" if value.tag == NULL else str(value.value)
