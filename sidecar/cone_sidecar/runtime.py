"""Where a running sidecar is: a 0600 file that the command line reads."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from cone_sidecar.atomic_file import write_atomically
from cone_sidecar.errors import ConeError, Unreachable

FILE_NAME = "serve.json"
# Counted from the third field on.
START_TIME = 22 - 3


@dataclass(frozen=True, slots=True)
class RunningSidecar:
    """The addresses of a sidecar, the files of its secrets, and the setting that it answers for.

    ``socket`` is where its own user's commands ask it.
    """

    credentials_url: str
    management_url: str
    token_file: str
    pid: int
    setting: str = ""
    socket: str = ""
    management_token_file: str = ""


def announce(state_directory: Path, sidecar: RunningSidecar) -> None:
    """Write down where the sidecar is; one that can't be found still serves who knows it."""
    kept = asdict(sidecar) | {"started": process_started(sidecar.pid)}
    try:
        write_atomically(
            state_directory / FILE_NAME, json.dumps(kept, indent=2).encode(), mode=0o600
        )
    except OSError:
        return


def withdraw(state_directory: Path) -> None:
    """Remove the file, if it is this process's."""
    path = state_directory / FILE_NAME
    try:
        if json.loads(path.read_bytes()).get("pid") == os.getpid():
            path.unlink()
    except (OSError, ValueError, AttributeError):
        return


def is_announced(state_directory: Path) -> bool:
    """Tell whether a sidecar wrote down where it is; it may have died since."""
    return (state_directory / FILE_NAME).exists()


def find(state_directory: Path) -> RunningSidecar:
    """Return the sidecar that runs.

    Raises:
        Unreachable: None does.
    """
    try:
        kept = json.loads((state_directory / FILE_NAME).read_bytes())
        sidecar = RunningSidecar(
            str(kept["credentials_url"]),
            str(kept["management_url"]),
            str(kept["token_file"]),
            int(kept["pid"]),
            str(kept.get("setting", "")),
            str(kept.get("socket", "")),
            str(kept.get("management_token_file", "")),
        )
        os.kill(sidecar.pid, 0)
        if kept.get("started", "") != process_started(sidecar.pid):
            # Another process has its number now.
            raise _none_runs()
    except (OSError, ValueError, KeyError, TypeError):
        raise _none_runs() from None
    return sidecar


def process_started(pid: int) -> str:
    """Return when a process started, in clock ticks since boot; empty where the system doesn't say.

    Field 22 of ``/proc/<pid>/stat`` (proc(5)).
    """
    try:
        text = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
    except OSError:
        return ""
    # The second field is the program's name in parentheses, which may hold spaces and parentheses.
    fields = text.rpartition(")")[2].split()
    return fields[START_TIME] if len(fields) > START_TIME else ""


def _none_runs() -> ConeError:
    return Unreachable("no sidecar is running", hint="cone serve")
