"""Objects and lists on stdout, as the original prints them: tables or JSON (reference §6)."""

import argparse
import contextlib
import json
import re
import sys
from collections.abc import Sequence
from typing import Any
from unicodedata import bidirectional

from cone_cli.preferences import FORMATS
from cone_cli.terminal import printable, put
from cone_cli.text_width import text_width

CHECK_MARK = "✓"
# The original reads these into Go integers and prints them as numbers, where the API sends strings.
INTEGERS = frozenset(
    {"numericId", "grantCount", "userCount", "maxFileSize", "minValue", "maxValue", "step", "const"}
    | {"gt", "gte", "lt", "lte"}
)
# DEL, C1 controls, what turns the direction of writing, lone surrogates: in JSON they have their escapes.
UNPRINTABLE = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
# Letters and numbers that are written from right to left (UAX #9), and the mark that ends their reach.
RIGHT_TO_LEFT = frozenset({"R", "AL", "AN"})
MARK = "\u200e"
Row = Sequence[object]


def add_output_option(parser: argparse.ArgumentParser) -> None:
    """Add ``-o``, and let :mod:`cone_cli.preferences` settle it where it isn't given."""
    parser.add_argument(
        "-o",
        "--output",
        choices=FORMATS,
        default=argparse.SUPPRESS,
        help="how to print it: table (the default), wide, json or json-pretty (CONE_OUTPUT)",
    )
    parser.set_defaults(prints_data=True)


def take_output_option(parser: argparse.ArgumentParser) -> None:
    """Take ``-o`` where it says nothing: the original takes it before and after every command."""
    # A command that prints by it has it already.
    with contextlib.suppress(argparse.ArgumentError):
        parser.add_argument(
            "-o", "--output", choices=FORMATS, default=argparse.SUPPRESS, help=argparse.SUPPRESS
        )


def put_object(
    output: str,
    content: object,
    rows: Sequence[tuple[str, object]],
    wide_rows: Sequence[tuple[str, object]],
    *,
    above: str = "",
) -> None:
    """Print one object: ``content`` as JSON, or its rows as a table that lies on its side.

    ``above`` is a line over the table, which JSON doesn't have.
    """
    if output.startswith("json"):
        put_json(output, content)
        return
    if above:
        put(printable(above))
    put(_table(wide_rows if output == "wide" else rows))


def put_list(
    output: str,
    content: object,
    columns: Sequence[str],
    rows: Sequence[Row],
    *,
    wide_columns: Sequence[str],
    wide_rows: Sequence[Row],
) -> None:
    """Print many objects: ``content`` as JSON, or a row for each under the names of the columns."""
    if output.startswith("json"):
        put_json(output, content)
    elif output == "wide":
        put(_table([wide_columns, *wide_rows]))
    else:
        put(_table([columns, *rows]))


def put_json(output: str, content: object) -> None:
    """Print ``content`` as the original does: nulls left out, 64-bit numbers as numbers."""
    indent, separators = (2, None) if output == "json-pretty" else (None, (",", ":"))
    text = json.dumps(
        _as_original(content), indent=indent, separators=separators, ensure_ascii=not _unicode()
    )
    put(UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", text))


def _unicode() -> bool:
    return (sys.stdout.encoding or "").lower().startswith("utf")


def _as_original(value: object, name: str = "") -> Any:  # noqa: ANN401 -- JSON
    if isinstance(value, dict):
        return {key: _as_original(part, key) for key, part in value.items() if part is not None}
    if isinstance(value, list):
        return [_as_original(part) for part in value]
    if name in INTEGERS and isinstance(value, str) and value.lstrip("-").isdecimal():
        return int(value)
    return value


def _table(rows: Sequence[Row]) -> str:
    cells = [[_cell(value) for value in row] for row in rows]
    widths = [max(map(text_width, column)) for column in zip(*cells, strict=True)]
    lines = (
        " | ".join(
            _in_order(cell) + " " * (width - text_width(cell))
            for cell, width in zip(row, widths, strict=True)
        )
        for row in cells
    )
    return "\n".join(line.rstrip() for line in lines)


def _cell(value: object) -> str:
    """Return a value as it fits into a line, and as stdout's encoding can write it."""
    text = printable(str(value)).replace("\n", " ").strip() if value else ""
    encoding = sys.stdout.encoding or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)


def _in_order(cell: str) -> str:
    """Keep what is written from right to left to its own column, on terminals that turn it around."""
    turned = not cell.isascii() and any(map(RIGHT_TO_LEFT.__contains__, map(bidirectional, cell)))
    return f"{MARK}{cell}{MARK}" if turned and sys.stdout.isatty() else cell
