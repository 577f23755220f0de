"""How far long work has come, to a person at a terminal and to nobody else."""

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

# What takes less is over before anybody has read that it goes on.
DELAY_S = 0.5
DUMB = frozenset({"", "dumb"})


@contextmanager
def progress(what: str, *, output: str) -> Iterator[Callable[[], object]]:
    """Count ``what`` on stderr while the block runs; yields what is called for each.

    Nothing is shown where stderr is no terminal that can take a line back, or JSON was asked for, and
    nothing stays when the work is done.
    """
    if not sys.stderr.isatty() or os.environ.get("TERM", "") in DUMB or output.startswith("json"):
        yield lambda: None
        return
    # Nobody else pays for it.
    from tqdm import tqdm

    # Of a terminal that doesn't say how large it is, tqdm would think that it has no lines.
    size = shutil.get_terminal_size()
    with tqdm(
        desc=f"cone: {what}",
        bar_format="{desc}: {n_fmt}",
        delay=DELAY_S,
        leave=False,
        ncols=size.columns,
        nrows=size.lines,
        file=sys.stderr,
    ) as bar:
        yield bar.update
