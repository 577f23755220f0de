"""What the pages of docs/ name."""

import re
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"
FIRST_CELL = re.compile(r"^\| (`.+?) \|", re.MULTILINE)
NAME = re.compile(r"`([^`]+)`")


def named_variables():
    """Return the variables that docs/configuration.md has rows for."""
    text = (DOCS / "configuration.md").read_text().partition("\n## Environment variables\n")[2]
    text = text.partition("\n### What SDKs get\n")[0]
    return {name for cell in FIRST_CELL.findall(text) for name in NAME.findall(cell)}
