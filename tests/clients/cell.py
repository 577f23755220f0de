"""What a run says of one client in one case: a cell of docs/clients.md."""

from dataclasses import dataclass

YES = "yes"


@dataclass(frozen=True)
class Cell:
    """A text, and whether it is what is promised.

    Attributes:
        text: What the page shows.
        right: Nothing is wrong with it: it works, or it is known why not.
        why: What was seen, for whoever has to find out.
    """

    text: str
    right: bool = True
    why: str = ""


def works(client, case, ended, *, calls=1, how=YES):
    """Return the cell of a case in which the client should get the identity: else its note."""
    if ended.succeeded(calls):
        stale = client.notes.get(case, "")
        return Cell(how, not stale, f"it works, whatever is noted: {stale}" if stale else "")
    reason = client.notes.get(case, "")
    return Cell(f"no: {reason}" if reason else "no", bool(reason), explained(ended))


def explained(ended):
    """Return what a run looked like."""
    return (
        f"exit {ended.code} after {ended.seconds:.1f} s, {ended.proved} calls proved, "
        f"unsigned: {ended.unsigned}\n{ended.shown[-2000:]}"
    )


def duration(seconds):
    """Return how long a user waits, to the second: what is under one is at once."""
    return "at once" if seconds < 1.5 else f"{seconds:.0f} s"
