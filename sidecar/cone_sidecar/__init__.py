"""The access flow of cone-sidecar, and everything that serves it."""

import sys

# httpx imports click and rich for a command line of its own where they are installed: 30 ms and 5 MiB that
# nothing here needs. A module that is None can't be imported, and httpx is prepared for that.
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]  # None is the documented marker
