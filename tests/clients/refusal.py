"""A client that is refused: what its user is told, what the log tells, and how often it asked."""

import re
from dataclasses import dataclass

from clients.cell import Cell, duration, explained
from clients.world import SCENARIO, Ended

APPROVAL, DENIAL, PROCESS, MACHINE = "approval", "denial", "process", "machine"
CODES = {APPROVAL: "ApprovalPending", DENIAL: "AccessDenied"}
POLICIES = {
    APPROVAL: "approval",
    DENIAL: "deny",
    PROCESS: "approval",
    # Decided after 1.5 s, and known to AWS a second later.
    MACHINE: "machine, lags: {policy_step: 1500ms, propagation: 1s}",
}
LONGEST = 320
FAILURE = re.compile(r"\w(Error|Exception):|\b(errors?|fatal)\b", re.IGNORECASE)
REQUEST = re.compile(r"task \d+ https?://[^\s;]+")
# An error within an error, as some of Rust draw it.
BRANCH = re.compile(r"\s*\x1b\[31m↳\x1b\[0m\s*")
# What differs from run to run, and what would be taken for markup.
VARYING = (
    (re.compile(r"127\.0\.0\.1:\d+"), "127.0.0.1:9911"),
    (re.compile(r"(?<=task[ /])\d{4}|(?<=task get )\d{4}"), "1001"),
    (re.compile(r"\b(in |after )?\d+(\.\d+)?(ms|µs)\b"), "TIME"),
    (re.compile(r"\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)?"), "TIME"),
    # Who may approve is known a moment after the request.
    (re.compile(r" \(Grace\)"), ""),
    (re.compile(r"\x1b\[[0-9;]*m"), ""),
    (re.compile(r"\[\d{5,}\]"), "[PID]"),
    (
        re.compile(r"RequestID: \S+|request id: \S+|\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"),
        "ID",
    ),
    (re.compile(r"/\S*/(?=tests/clients/|site-packages/|node_modules/)"), ".../"),
)


def scenario(clients):
    """Return a tenant in which each client has permission sets of its own: nothing of them is granted."""
    sets = [
        f"  - {{account: P, name: {kind}-{client.name}, policy: {policy}}}\n"
        for client in clients
        for kind, policy in POLICIES.items()
    ]
    return SCENARIO + "".join(sets)


@dataclass(frozen=True)
class Refusal:
    """One client, refused.

    Attributes:
        promise: What the words have to hold: the request and its page.
        ended: How the client ended.
        logged: The lines of the sidecar's log about it.
    """

    promise: str
    ended: Ended
    logged: list[str]

    def cell(self, client, case):
        """Return who is told: the client's user, or whoever reads the log."""
        ended, why = self.ended, self._explained()
        if reason := client.notes.get(case, ""):
            return Cell(f"no: {reason}", ended.code != 0, why)
        told = self.promise in ended.shown
        text = "its user is told" if told else "the log tells"
        if ended.unsigned:
            text += ", goes on unsigned"
        in_log = bool(self.logged) and all(self.promise in line for line in self.logged)
        failed = ended.proved == 0 and ended.code is not None
        failed = failed and (ended.code != 0 or ended.unsigned)
        as_known = told == client.shows_message and ended.unsigned == client.unsigned
        return Cell(text, in_log and failed and as_known, why)

    @property
    def message(self):
        """Return what its user reads, shortened to the line that tells, else to how it ends."""
        lines = [line for line in BRANCH.sub(": ", self.ended.shown).splitlines() if line.strip()]
        told = [line for line in lines if self.promise in line]
        # What is indented is a detail of what is said before.
        told = [line for line in told if not line[0].isspace()] or told
        if not told:
            wrong = [number for number, line in enumerate(lines) if FAILURE.search(line)]
            told = [" / ".join(line.strip() for line in lines[wrong[-1] if wrong else -1 :])]
        text = told[-1]
        for pattern, instead in VARYING:
            text = pattern.sub(instead, text)
        if len(text) > LONGEST:
            text = f"{text[:LONGEST]}…"
        return Cell(f"`{text.replace('`', chr(39))}`" if text else "nothing")

    @property
    def requests(self):
        """Return how often it asked."""
        return Cell(str(len(self.logged)))

    @property
    def time(self):
        """Return how long its user waited."""
        return Cell(duration(self.ended.seconds))

    def _explained(self):
        return "\n".join([f"promised: {self.promise}", explained(self.ended), *self.logged])


def refusal(world, client, kind):
    """Have ``client`` ask for what isn't granted."""
    profile = f"p-{kind}-{client.name}"
    ended = world.run(client, world.sidecar_environment(profile))
    logged = world.refusals(profile)
    status, body = world.ask_sidecar(profile)
    assert (status, body["code"]) == (403, CODES[kind]), body
    return Refusal(REQUEST.search(body["message"])[0], ended, logged)
