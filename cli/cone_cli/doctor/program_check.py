"""Which ``cone`` a shell, and a profile, run: an older one, or the original, does other things."""

import os
import shlex
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from cone_cli.doctor.finding import Finding, Level
from cone_cli.doctor.profile_check import UPDATE


def own_program() -> Path:
    """Return the file of the ``cone`` that runs now."""
    called = Path(sys.argv[0])
    if called.name == "cone" and called.is_file():
        return called.absolute()
    return Path(sys.executable).absolute().with_name("cone")


def check_program(environment: Mapping[str, str], command: str = "") -> list[Finding]:
    """Return whether another ``cone`` than this one is found first, or run by ``command``."""
    own, findings = own_program(), []
    found = shutil.which("cone", path=environment.get("PATH", ""))
    if found and not _same(Path(found), own):
        what = f"another cone comes first on PATH than the one that runs now, {own}"
        fix = f'export PATH={shlex.quote(str(own.parent))}:"$PATH"'
        findings.append(Finding("other-cone", Level.WARN, what, fix, found))
    program = _program(command)
    if program and program.is_file() and os.access(program, os.X_OK) and not _same(program, own):
        what = "the profile's credential_process runs another cone than this one"
        findings.append(Finding("process-cone", Level.WARN, what, UPDATE, str(program)))
    good = Finding("other-cone", Level.OK, "no other cone is in the way", evidence=str(own))
    return findings or [good]


def _program(command: str) -> Path | None:
    try:
        words = shlex.split(command)
    except ValueError:
        return None
    return Path(words[0]) if words and Path(words[0]).is_absolute() else None


def _same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False
