"""The matrix as a page shows it: tables of what was seen, between two marks of docs/states.md."""

import re
from pathlib import Path

from fakes.matrix_case import BOTO3, COMMAND_LINE
from fakes.matrix_faults import WITH_A_GRANT, WITHOUT_A_GRANT, rows
from fakes.matrix_grants import COMBINED, GRANTS
from fakes.matrix_policies import POLICIES
from fakes.matrix_promise import ANY, within
from fakes.matrix_run import CASES

PAGE = Path(__file__).parents[2] / "docs" / "states.md"
BEGIN, END = "<!-- matrix: begin -->", "<!-- matrix: end -->"
ORDER = (
    *("token", "me", "grants", "form", "entitlement", "request", "search", "look", "person"),
    *("credentials", "refresh", "register", "device"),
)
# What each request begins with tells nothing of its end.
BEGINNING = re.compile(
    r'No active grant for "[^"]+" — submitting access request\.\.\.|'
    r"Access request submitted \(task: \d+\)|\.+"
)
# What differs from run to run.
VARYING = (
    (re.compile(r"https?://\S+user_code=\S+"), "LINK"),
    (re.compile(r"code [A-Z]{4}-[A-Z]{4}"), "code CODE"),
    (re.compile(r"\(?127\.0\.0\.1(:\d+)?\)?"), "TENANT"),
    (re.compile(r"\b[0-9A-Za-z]{27}\b"), "ID"),
    (re.compile(r"\b1\d{3}\b"), "1234"),
)
INTRODUCTION = """\
A test asks for credentials in each of these cases, on the command line and with boto3 from the sidecar, with
a simulated tenant behind both. It fails where what it sees isn't what is promised, or isn't what stands here.
This writes the tables anew:

```console
$ MATRIX=write .venv/bin/pytest tests/e2e/test_matrix.py
```

| call | what it is |
|---|---|
| `token`, `me` | mint an access token, ask whom it speaks for; needed where none is at hand |
| `grants` | look for a grant |
| `form`, `entitlement` | look for a request form, and for the longest duration |
| `request` | ask for access |
| `search` | look for a request that may have arrived, or that another program made |
| `look`, `person` | one look at the request, and at whom it waits for |
| `credentials` | ask AWS for the role's credentials |
| `refresh` | renew the AWS session, or ask whether its sign-in is confirmed |
| `register`, `device` | begin a sign-in |

Numbers that depend on timing are ranges. The lines about the request itself, up to its dots, are left out;
"nothing" is said where credentials alone are printed.
"""
STORIES = (
    (
        "Policies",
        """\
"error-open" is a request whose provisioning failed and that somebody may repair; "later-…" are names that
no version of the API has today; "open-…" are requests that were there before, the last two of them in an
answer that doesn't name them.
""",
        POLICIES,
    ),
    ("Grants and sessions", "A session that is not spoken of is alive.\n", GRANTS),
    ("Combined", "More than one thing at once.\n", COMBINED),
)
FAULTS_TEXT = """\
In each cell: the command line's exit code, the status that boto3 ends with, and how often that call was made.
A dash: not tried.

| fault | what happens |
|---|---|
| latency | the answer comes 0.3 s later |
| 429, 429-after | once, the second with `Retry-After: 1` |
| 503, 503-x3, 503-always | once, three times in a row, whatever is asked |
| 500 | once |
| reset | once the connection is reset before the answer |
| cut-off | once the connection ends in the middle of the answer; what was asked has been done |
| web-page | once a web page with status 200 |
| 401 | once |
| hang | once no answer, for as long as one waits |
| later | fields and names that no version of the API has today |
"""


def render(seen):
    """Return the text between the marks."""
    parts = [INTRODUCTION]
    for title, text, cases in STORIES:
        parts += [f"### {title}\n", text, _stories(cases, seen)]
    parts += ["### A fault at each call\n", FAULTS_TEXT]
    parts += ["Without a grant, on a profile whose request is granted automatically:\n"]
    parts += [_grid("auto", WITHOUT_A_GRANT, seen)]
    parts += ["With a grant; `refresh` where AWS has ended the session:\n"]
    parts += [_grid("granted", WITH_A_GRANT, seen)]
    return "\n".join(parts)


def kept():
    """Return what stands between the marks now, empty without a page or marks."""
    text = PAGE.read_text() if PAGE.exists() else ""
    return text.partition(f"{BEGIN}\n")[2].partition(END)[0]


def write(block):
    """Put the block between the marks, of a new page where there is none."""
    text = PAGE.read_text() if PAGE.exists() else f"# States\n\n{BEGIN}\n{END}\n"
    before, _, rest = text.partition(f"{BEGIN}\n")
    PAGE.write_text(f"{before}{BEGIN}\n{block}{END}{rest.partition(END)[2]}")


def _stories(cases, seen):
    lines = ["| case | exit | what is said at the end | boto3 | calls |", "|---|---|---|---|---|"]
    for case in cases:
        told, served = seen[case.name, COMMAND_LINE], seen[case.name, BOTO3]
        by_command, by_boto3 = (_calls(case, face, seen) for face in (COMMAND_LINE, BOTO3))
        calls = by_command if by_command == by_boto3 else f"{by_command}; boto3: {by_boto3}"
        exit_code, words, answer = str(told.code), _last_words(case, told), _answer(served)
        lines.append(f"| {case.name} | {exit_code} | {words} | {answer} | {calls} |")
    return "\n".join(lines) + "\n"


def _answer(seen):
    return f"{seen.code} `{seen.words}`" if seen.words else str(seen.code)


def _grid(state, grid, seen):
    cells = {(fault, operation) for fault, operation, _ in rows(grid)}
    faults = list(dict.fromkeys(fault for fault, _, _ in rows(grid)))
    operations = [o for o in ORDER if any(operation == o for _, operation in cells)]
    lines = [f"| fault | {' | '.join(operations)} |", "|---" * (len(operations) + 1) + "|"]
    for fault in faults:
        row = [
            _cell(CASES[f"{state}-{operation}-{fault}"], operation, seen)
            if (fault, operation) in cells
            else "–"
            for operation in operations
        ]
        lines.append(f"| {fault} | {' | '.join(row)} |")
    return "\n".join(lines) + "\n"


def _cell(case, operation, seen):
    codes, counts = [], []
    for face in (COMMAND_LINE, BOTO3):
        found = seen[case.name, face]
        counts.append(_count(case.promises[face].calls[operation], found.calls.get(operation, 0)))
        codes.append(str(found.code))
    return " · ".join([*codes, " / ".join(dict.fromkeys(counts))])


def _calls(case, face, seen):
    promised, counted = case.promises[face].calls, seen[case.name, face].calls
    named = [name for name in ORDER if name in counted or promised.get(name, "0") != "0"]
    named += sorted(counted.keys() - set(ORDER))
    told = [f"{name} {_count(promised.get(name, '0'), counted.get(name, 0))}" for name in named]
    return ", ".join(told) or "none"


def _count(promised, count):
    """Show a count, or the range that it is in."""
    if not within(promised, count) or promised.isdecimal():
        return str(count)
    return "some" if promised == ANY else promised.replace("-", "–").replace("+", " or more")


def _last_words(case, seen):
    """Return what was said beside what each request begins with."""
    lines = [line for line in seen.words.splitlines() if not BEGINNING.fullmatch(line)]
    text = "<br>".join(line.strip() for line in lines).replace(case.profile, "P")
    for pattern, instead in VARYING:
        text = pattern.sub(instead, text)
    return text or "nothing"
