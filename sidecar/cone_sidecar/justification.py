"""The justification of a request, with what is known here put in: ``{profile}``, ``{user}`` and so on."""

import re
import socket
from collections.abc import Mapping
from pathlib import Path

from cone_sidecar.domain.profile import Profile

PLACE = re.compile(r"\{(profile|user|host|git_branch)\}")
HEAD = "ref: refs/heads/"
LONGEST_HEAD = 1024


class Justification:
    """Word justifications for a person (or a workload) with this environment, in this directory."""

    def __init__(self, environment: Mapping[str, str], directory: Path) -> None:
        self._environment = environment
        self._directory = directory

    def of(self, profile: Profile) -> str:
        """Return the profile's justification; a name in braces that we don't know stays as it is."""

        def value(place: re.Match[str]) -> str:
            match place[1]:
                case "profile":
                    return profile.name
                case "user":
                    return self._environment.get("USER") or self._environment.get("LOGNAME") or "?"
                case "host":
                    return socket.gethostname()
                case _:
                    return git_branch(self._directory) or "?"

        return PLACE.sub(value, profile.terms.justification)


def git_branch(directory: Path) -> str:
    """Return the branch that is checked out around ``directory``; empty where there is none.

    Read from the file itself: a git that is run here would obey the repository's own configuration.
    """
    for place in (directory, *directory.parents):
        dot_git = place / ".git"
        try:
            if dot_git.is_file():
                # A worktree's or submodule's: one line that says where the rest is.
                named = dot_git.read_text("utf-8")[:LONGEST_HEAD].removeprefix("gitdir:").strip()
                dot_git = place / named
            head = (dot_git / "HEAD").read_text("utf-8")[:LONGEST_HEAD].strip()
        except (OSError, ValueError):
            continue
        return head.removeprefix(HEAD) if head.startswith(HEAD) else head[:12]
    return ""
