"""What a run would change, as a unified diff that ``patch -p1`` and ``git apply`` take."""

from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from pathlib import Path

from cone_sidecar.aws_config.document import ENCODING
from cone_sidecar.aws_config.lines import ending, split_lines

CONTEXT = 3
# From and up to which lines of the old and of the new content, the last exclusive.
Span = tuple[int, int, int, int]


def unified_diff(path: Path, before: bytes, after: bytes) -> str:
    """Return the difference between two contents of ``path``, empty where there is none."""
    old, new = _lines(before), _lines(after)
    name = path.as_posix().removeprefix("/")
    told = "".join(_hunk(old, new, spans) for spans in _hunks(list(_changes(old, new))))
    return f"--- {f'a/{name}' if before else '/dev/null'}\n+++ b/{name}\n{told}" if told else ""


def _changes(old: Sequence[str], new: Sequence[str]) -> Iterator[Span]:
    """Yield what differs, in time that grows with the lines: difflib alone compares each with each.

    Lines that are there once, ids above all, are compared first: edits leave them in their order.
    """
    at_old = at_new = 0
    for stop_old, stop_new in [*_anchors(old, new), (len(old), len(new))]:
        part_old, part_new = old[at_old:stop_old], new[at_new:stop_new]
        matcher = SequenceMatcher(None, part_old, part_new, autojunk=False)
        for kind, i1, i2, j1, j2 in matcher.get_opcodes():
            if kind != "equal" and (i1 < i2 or j1 < j2):
                yield at_old + i1, at_old + i2, at_new + j1, at_new + j2
        at_old, at_new = stop_old + 1, stop_new + 1


def _anchors(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[int, int]]:
    times_old, times_new = Counter(old), Counter(new)
    places = {line: index for index, line in enumerate(new) if times_new[line] == 1}
    last = -1
    for index, line in enumerate(old):
        if times_old[line] == 1 and (place := places.get(line, -1)) > last:
            yield index, place
            last = place


def _hunks(changes: Sequence[Span]) -> Iterator[list[Span]]:
    """Put together what is so near that its context would overlap."""
    hunk: list[Span] = []
    for change in changes:
        if hunk and change[0] - hunk[-1][1] > 2 * CONTEXT:
            yield hunk
            hunk = []
        hunk.append(change)
    if hunk:
        yield hunk


def _hunk(old: Sequence[str], new: Sequence[str], spans: Sequence[Span]) -> str:
    start = max(spans[0][0] - CONTEXT, 0)
    stop = min(spans[-1][1] + CONTEXT, len(old))
    new_start = spans[0][2] - (spans[0][0] - start)
    new_stop = spans[-1][3] + (stop - spans[-1][1])
    told = [f"@@ -{_range(start, stop)} +{_range(new_start, new_stop)} @@\n"]
    at = start
    for old_from, old_to, new_from, new_to in spans:
        told += [_told(" ", line) for line in old[at:old_from]]
        told += [_told("-", line) for line in old[old_from:old_to]]
        told += [_told("+", line) for line in new[new_from:new_to]]
        at = old_to
    told += [_told(" ", line) for line in old[at:stop]]
    return "".join(told)


def _range(start: int, stop: int) -> str:
    """Return a range as GNU diff writes it: an empty one begins at the line before."""
    return f"{start + (stop > start)},{stop - start}"


def _told(sign: str, line: str) -> str:
    return sign + line + ("" if ending(line) else "\n\\ No newline at end of file\n")


def _lines(data: bytes) -> list[str]:
    return split_lines(data.decode(*ENCODING))
