"""docs/clients.md: tables of what was seen, each between two marks."""

import re
from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "clients.md"
# How long something took differs from run to run.
TIME = re.compile(r"at once|\d+ s\b")
VERSION = re.compile(r" \([^()]*\)$")


@dataclass(frozen=True)
class Table:
    """One table: a row for each client, a column for each of ``columns`` with its heading.

    With ``reasons``, those who couldn't run are named below it with theirs.
    """

    name: str
    columns: dict[str, str]
    reasons: bool = False

    @property
    def begin(self):
        """Return the mark before it."""
        return f"<!-- {self.name}: begin -->"

    @property
    def end(self):
        """Return the mark behind it."""
        return f"<!-- {self.name}: end -->"

    def kept(self):
        """Return the cells that stand on the page, by the client's title without version."""
        text = PAGE.read_text() if PAGE.exists() else ""
        block = text.partition(f"{self.begin}\n")[2].partition(self.end)[0]
        rows = [_cells(line) for line in block.splitlines()[2:] if line.startswith("|")]
        return {
            untitled(row[0]): dict(zip(self.columns, row[1:], strict=False)) for row in rows if row
        }

    def render(self, clients, seen):
        """Return the text between the marks: what was seen now, else what is kept."""
        kept = self.kept()
        lines = [
            f"| client | {' | '.join(self.columns.values())} |",
            "|---" * (len(self.columns) + 1) + "|",
        ]
        for client in clients:
            before = kept.get(untitled(client.title), {})
            now = seen.get(client.name, {})
            otherwise = "–" if client.missing else ""
            cells = [now.get(name, before.get(name, otherwise)) for name in self.columns]
            if self.reasons or any(cell not in ("", "–") for cell in cells):
                lines.append(f"| {client.title} | {' | '.join(map(_escaped, cells))} |")
        return "\n".join([*lines, *self._absentees(clients, seen)]) + "\n"

    def _absentees(self, clients, seen):
        """Return who has no cell, and why."""
        if not self.reasons:
            return []
        kept = self.kept()
        never = [
            client
            for client in clients
            if client.missing
            and set(kept.get(untitled(client.title), {}).values()) <= {"–"}
            and client.name not in seen
        ]
        return ["", *(f"- {client.title}: {client.missing}" for client in never)] if never else []

    def write(self, clients, seen):
        """Put what was seen onto the page.

        Raises:
            ValueError: The page has no such marks.
        """
        text = PAGE.read_text()
        before, begun, rest = text.partition(f"{self.begin}\n")
        _, ended, after = rest.partition(self.end)
        if not (begun and ended):
            raise ValueError(f"{PAGE.name} has no {self.begin}")
        PAGE.write_text(f"{before}{begun}{self.render(clients, seen)}{ended}{after}")


MATRIX = Table(
    "clients",
    {
        "served": "sidecar",
        "first-call": "first call",
        "process": "`credential_process`",
        "relative": "169.254.170.2",
        "token-env": "token in variable alone",
        "token-file": "token in file alone",
        "rotated": "token rotated",
        "pending": "approval pending",
        "process-pending": "approval pending, `credential_process`",
        "denied": "denied",
        "down": "no sidecar",
        "mid-run": "credentials end mid-run",
        "proxy": "behind a proxy",
    },
    reasons=True,
)
MESSAGES = Table(
    "messages", {"requests": "requests", "time": "time", "message": "what its user reads"}
)
CERTIFICATES = Table(
    "certificates",
    {
        "AWS_CA_BUNDLE": "`AWS_CA_BUNDLE`",
        "SSL_CERT_FILE": "`SSL_CERT_FILE`",
        "REQUESTS_CA_BUNDLE": "`REQUESTS_CA_BUNDLE`",
        "NODE_EXTRA_CA_CERTS": "`NODE_EXTRA_CA_CERTS`",
    },
)
TABLES = (MATRIX, MESSAGES, CERTIFICATES)


def kept_cell(client, column):
    """Return what the page says of a client, empty where it says nothing."""
    for table in TABLES:
        if column in table.columns:
            return table.kept().get(untitled(client.title), {}).get(column, "")
    raise KeyError(column)


def said_to_be_missing(client):
    """Tell whether the page gives the reason why a client has no cells."""
    return f"- {client.title}: {client.missing}\n" in PAGE.read_text()


def comparable(text):
    """Return a cell as it is compared: as a table shows it, without how long it took."""
    return TIME.sub("TIME", " ".join(text.split()))


def untitled(title):
    """Return a client's title without its version, which isn't the same everywhere."""
    return VERSION.sub("", title)


def _escaped(text):
    return " ".join(text.split()).replace("|", "\\|")


def _cells(line):
    return [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
