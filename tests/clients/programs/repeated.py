"""What the programs here have in common: how often they ask, and what they say of a failure."""

import sys
import time


def repeat(ask):
    """Print what ``ask`` returns, CALLS times with PAUSE_S between: the command line's two arguments."""
    calls, pause_s = [*sys.argv[1:], "1", "0"][:2] if len(sys.argv) < 3 else sys.argv[1:3]
    for call in range(int(calls)):
        if call:
            time.sleep(float(pause_s))
        try:
            print(ask(), flush=True)
        except Exception as error:  # noqa: BLE001 -- whatever its user would be shown
            sys.exit(f"{type(error).__name__}: {error}")
