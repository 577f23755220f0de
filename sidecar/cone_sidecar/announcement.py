"""What a running sidecar wrote down about itself, read with light modules of the standard library alone.

Shared by ``runtime`` and the warm path of ``cone healthcheck``, which engines run every few seconds.
"""

import json
import os
from typing import Any

FILE_NAME = "serve.json"
# Counted from the third field on.
START_TIME = 22 - 3


def of_running(path: str | os.PathLike[str]) -> dict[str, Any] | None:
    """Return what the file ``path`` says, None where the process that it tells of runs no more.

    Raises:
        PermissionError: The file is another user's.
    """
    try:
        with open(path, "rb") as file:  # noqa: PTH123 -- pathlib would take as long as all the rest
            content = file.read()
    except PermissionError:
        raise
    except OSError:
        return None
    try:
        kept: dict[str, Any] = json.loads(content)
        started, pid = str(kept.pop("started", "")), int(kept["pid"])
        os.kill(pid, 0)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        # A process that may not be asked is somebody else's, and no sidecar of ours.
        return None
    # Another process may have its number now.
    return kept if started == process_started(pid) else None


def process_started(pid: int) -> str:
    """Return when a process started, in clock ticks since boot; empty where the system doesn't say.

    Field 22 of ``/proc/<pid>/stat`` (proc(5)).
    """
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:  # noqa: PTH123 -- as above
            text = file.read()
    except OSError:
        return ""
    # The second field is the program's name in parentheses, which may hold spaces and parentheses.
    fields = text.rpartition(")")[2].split()
    return fields[START_TIME] if len(fields) > START_TIME else ""
