"""Where a running sidecar is: a 0600 file that the command line reads."""

import json
import os
from dataclasses import asdict, dataclass, fields
from itertools import chain
from pathlib import Path

from cone_sidecar.announcement import FILE_NAME, of_running, process_started
from cone_sidecar.atomic_file import write_atomically
from cone_sidecar.errors import ConeError, ConfigurationError, Unreachable

OTHERS = "serve-*.json"


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


NAMES = frozenset(each.name for each in fields(RunningSidecar))


def announce(state_directory: Path, sidecar: RunningSidecar) -> None:
    """Write down where the sidecar is; one that can't be found still serves who knows it."""
    kept = asdict(sidecar) | {"started": process_started(sidecar.pid)}
    content = json.dumps(kept, indent=2).encode()
    try:
        for path in state_directory.glob(OTHERS):
            if not _running(path):
                path.unlink()
        for name in (own_file_name(sidecar.pid), FILE_NAME):
            write_atomically(state_directory / name, content, mode=0o600)
    except OSError:
        return


def withdraw(state_directory: Path) -> None:
    """Remove what this process wrote; another sidecar that runs is the one to be found then."""
    path = state_directory / FILE_NAME
    try:
        (state_directory / own_file_name(os.getpid())).unlink(missing_ok=True)
        if json.loads(path.read_bytes()).get("pid") != os.getpid():
            return
        path.unlink()
        for other in state_directory.glob(OTHERS):
            if _running(other):
                write_atomically(path, other.read_bytes(), mode=0o600)
    except (OSError, ValueError, AttributeError):
        return


def own_file_name(pid: int) -> str:
    """Return the name of the file of one sidecar among several."""
    return f"serve-{pid}.json"


def is_announced(state_directory: Path) -> bool:
    """Tell whether a sidecar wrote down where it is; it may have died since."""
    return os.path.exists(state_directory / FILE_NAME)  # noqa: PTH110 -- Path's raises where it may not look


def find(state_directory: Path) -> RunningSidecar:
    """Return the sidecar that runs.

    Raises:
        Unreachable: None does.
        ConfigurationError: It is another user's.
    """
    for path in chain((state_directory / FILE_NAME,), state_directory.glob(OTHERS)):
        try:
            sidecar = _running(path)
        except PermissionError:
            raise ConfigurationError(
                f"{path} can't be read: it is another user's", hint="run this as the sidecar's user"
            ) from None
        if sidecar:
            return sidecar
    raise _none_runs()


def _running(path: Path) -> RunningSidecar | None:
    """Return the sidecar that ``path`` tells of, None where it runs no more.

    Raises:
        PermissionError: The file is another user's.
    """
    kept = of_running(path)
    if kept is None:
        return None
    try:
        return RunningSidecar(**{name: kept[name] for name in kept.keys() & NAMES})
    except TypeError:
        return None


def _none_runs() -> ConeError:
    return Unreachable("no sidecar is running", hint="cone serve")
