"""docs/states.md says what the code does: each state, and the transition table as it is."""

import re
from pathlib import Path

from cone_sidecar.domain.access import OPEN_TASK, SERVED, WAITS_FOR_A_PERSON, Phase
from cone_sidecar.domain.transitions import ANY, ENDS, TRANSITIONS
from cone_sidecar.refusal import END_PHASES

PAGE = (Path(__file__).parents[2] / "docs" / "states.md").read_text()
ROW = re.compile(r"^\| `([^`]+)` \| ([^|]*) \| ([^|]*) \|", re.MULTILINE)
GROUPS = {
    "any end": ENDS,
    "open request": OPEN_TASK,
    "served": SERVED,
}


def block(name):
    """Return what stands between two markers of the page."""
    return PAGE.partition(f"<!-- {name}: begin -->\n")[2].partition(f"<!-- {name}: end -->")[0]


def named(phases):
    """Name a set of states, by groups where it holds one as a whole."""
    if phases == ANY:
        return "any"
    names, rest = [], set(phases)
    for group, members in GROUPS.items():
        if members <= phases:
            names.append(f"*{group}*")
            rest -= members
    return ", ".join([*names, *(f"`{phase}`" for phase in Phase if phase in rest)])


def table():
    """Return the transition table as the page shows it."""
    lines = ["| what happens | from | to |", "|---|---|---|"]
    for cause, turns in TRANSITIONS.items():
        for turn in turns:
            after = "where it was" if turn.stays else named(turn.after)
            lines.append(f"| {cause} | {named(turn.before)} | {after} |")
    return "\n".join(lines) + "\n"


def test_the_transition_table_is_shown():
    """The page holds the table that the code goes by, row by row."""
    assert block("transitions") == table()


def test_each_state_is_explained():
    """The page explains each state, in its order, and no other."""
    assert [row[0] for row in ROW.findall(block("states"))] == [str(phase) for phase in Phase]


def test_groups_are_explained():
    """The page names the members of each group, and whom each state waits for."""
    for group, members in GROUPS.items():
        line = re.search(rf"^- \*{group}\*: (.*)$", PAGE, re.MULTILINE)
        assert line, group
        assert set(re.findall(r"`([^`]+)`", line[1])) == {str(phase) for phase in members}
    for name, waits, _ in ROW.findall(block("states")):
        assert (waits.strip() == "a person") == (name in WAITS_FOR_A_PERSON), name


def test_each_end_has_its_error():
    """Each state in which an error leaves a story is an end of the table."""
    assert set(END_PHASES.values()) | {Phase.FAILED} == ENDS
