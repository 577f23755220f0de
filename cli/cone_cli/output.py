"""One object on stdout, as the original prints it: a table turned on its side, or JSON (reference §6)."""

import argparse
import json
from collections.abc import Mapping, Sequence
from typing import Any

from cone_cli.terminal import printable, put

FORMATS = ("table", "wide", "json", "json-pretty")


def add_output_option(parser: argparse.ArgumentParser) -> None:
    """Add ``-o``."""
    parser.add_argument(
        "-o",
        "--output",
        choices=FORMATS,
        default="table",
        help="how to print it (default: table)",
    )


def put_object(
    output: str,
    content: Mapping[str, Any],
    rows: Sequence[tuple[str, object]],
    wide_rows: Sequence[tuple[str, object]],
) -> None:
    """Print ``content`` as JSON, or its rows as a table; JSON never has colours or notes in it."""
    if output.startswith("json"):
        put(json.dumps(content, indent=2 if output == "json-pretty" else None, ensure_ascii=False))
        return
    shown = wide_rows if output == "wide" else rows
    width = max(len(name) for name, _ in shown)
    for name, value in shown:
        put(printable(f"{name:<{width}} | {value or ''}".rstrip()))
