"""Tables stay tables, whatever names hold: wide letters, marks, other directions, control characters."""

import io
import sys

import pytest

from cone_cli.output import put_list
from cone_cli.terminal import keep_stdout_plain, printable
from cone_cli.text_width import text_width

HEBREW = "חשבון ייצור"


class Terminal(io.StringIO):
    """A stdout that is a terminal."""

    def isatty(self):
        """Say so."""
        return True


def table(*names):
    """Print a table of names and of a second column; its lines."""
    rows = [(name, "role") for name in names]
    put_list("table", [], ("Name", "Role"), rows, wide_columns=(), wide_rows=())


@pytest.mark.parametrize(
    ("text", "width"),
    [
        ("production", 10),
        ("Ünïcode", 7),
        ("山田太郎", 8),
        ("한국", 4),
        ("\u1112\u1161\u11ab", 2),
        ("e\u0301", 1),
        (HEBREW, 11),
        ("שָׁלוֹם", 4),
        ("नमस्ते", 4),
        ("\u06a9\u062a\u0627\u0628\u200c\u0647\u0627", 6),
        ("🚀", 2),
        ("👩\u200d👩\u200d👧", 2),
        ("👍🏽", 2),
        ("❤\ufe0f", 2),
        ("🇩🇪", 2),
        ("", 0),
    ],
)
def test_the_width_of_a_text(text, width):
    """A letter takes one column, a wide one two, a mark none: as wcwidth counts them."""
    assert text_width(text) == width


def test_columns_are_aligned(capsys):
    """The bar between two columns stands in the same column of the screen in each line."""
    table("plain", "山田太郎", "e\u0301tage", "🚀 rocket", HEBREW)
    lines = capsys.readouterr().out.splitlines()
    assert {text_width(line.partition("|")[0]) for line in lines} == {text_width(HEBREW) + 1}


def test_right_to_left_stays_in_its_column(monkeypatch):
    """On a terminal a mark ends the reach of what is written from right to left; pipes get names alone."""
    for stdout, cell in ((Terminal(), f"\u200e{HEBREW}\u200e"), (io.StringIO(), HEBREW)):
        monkeypatch.setattr(sys, "stdout", stdout)
        table(HEBREW)
        assert stdout.getvalue().splitlines()[1] == f"{cell} | role"


def test_nothing_steers_the_terminal(capsys):
    """Escapes, changes of direction and line breaks of a name are question marks and blanks."""
    table("a\x1b[31mb\u202ec\x9bd\u2028e\rf\ng")
    assert capsys.readouterr().out.splitlines()[1] == "a?[31mb?c?d?e?f g | role"


def test_what_names_are_spelt_with_stays():
    """Joiners stay, and every space is one."""
    assert printable("کتاب\u200cها 山\u3000田\u00a0x") == "کتاب\u200cها 山 田 x"


def test_ascii_tables_are_aligned_too(monkeypatch):
    """Where stdout has ASCII alone, names are escaped, and columns as wide as that."""
    stdout = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", stdout)
    keep_stdout_plain()
    table("ü", "plain")
    assert stdout.buffer.getvalue() == b"Name  | Role\n\\xfc  | role\nplain | role\n"
