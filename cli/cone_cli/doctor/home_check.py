"""Whether cone can keep what it has to: home, state directory, the sign-ins' directory, locks."""

import fcntl
import os
from collections.abc import Mapping
from pathlib import Path

from cone_cli.doctor.finding import Finding, Level
from cone_sidecar.aws_config.config_file import AwsConfigFile
from cone_sidecar.warm_file import WarmEntry, cone_config_path, state_directory

# What a sign-in, a token and a few credentials take.
LEAST_SPACE = 1 << 20
# ~ alone is HOME itself, where that is set.
OWN_HOME = 'export HOME="$(eval echo "~$(id -un)")"'


def check_home(
    environment: Mapping[str, str], tenant: str = "", profile: str = ""
) -> list[Finding]:
    """Return what keeps cone from writing, and which of its locks another process holds."""
    home = environment.get("HOME", "")
    if not home:
        what = "HOME is not set: several clients find no file below it"
        return [Finding("home", Level.WARN, what, OWN_HOME)]
    if not Path(home).is_dir():
        what = "HOME names no directory"
        return [Finding("home", Level.FAIL, what, OWN_HOME, home)]
    state, sign_ins = Path(state_directory(environment)), Path(home, ".aws", "sso", "cache")
    findings = [*_directory("state-directory", state), *_directory("sign-in-directory", sign_ins)]
    locks = [
        AwsConfigFile.of(environment).lock_path,
        Path(cone_config_path(environment)).with_name(".config.yaml.lock"),
    ]
    if profile:
        locks.append(Path(WarmEntry(profile, environment, tenant).stem + ".lock"))
    findings += [finding for path in locks for finding in _lock(path)]
    good = Finding("home", Level.OK, "caches and sign-ins can be kept", evidence=str(state))
    return findings or [good]


def _directory(check: str, path: Path) -> list[Finding]:
    there = next(each for each in (path, *path.parents) if os.path.lexists(each))
    try:
        owner = there.stat().st_uid
    except OSError:
        owner = os.geteuid()
    if not there.is_dir():
        what, fix = (
            f"{there} is no directory: nothing can be kept below it",
            f"mv {there} {there}.old",
        )
        return [Finding(check, Level.FAIL, what, fix, str(path))]
    if there == path and owner != os.geteuid():
        what = f"{there} belongs to user {owner}, and this is user {os.geteuid()}"
        return [
            Finding(check, Level.FAIL, what, f"sudo chown -R {os.geteuid()} {there}", str(path))
        ]
    if not os.access(there, os.W_OK | os.X_OK):
        what = f"{there} can't be written: nothing can be kept below it"
        return [Finding(check, Level.FAIL, what, f"chmod u+rwx {there}", str(path))]
    found = os.statvfs(there)
    if found.f_blocks and found.f_bavail * found.f_frsize < LEAST_SPACE:
        what = f"the disk below {there} is full"
        return [Finding("disk-full", Level.FAIL, what, f"df -h {there}", str(path))]
    return []


def _lock(path: Path) -> list[Finding]:
    """Look at a lock without making its file: a file that was left over locks nobody out (flock(2))."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return []
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        what = "another process holds a lock of cone's: others wait for it"
        return [Finding("lock-held", Level.WARN, what, f"fuser -v {path}", str(path))]
    except OSError:
        return []
    finally:
        os.close(descriptor)
    return []
