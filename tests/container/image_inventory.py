"""Look through an image from within; prints JSON. Run by the image's own Python, fed to its stdin."""

import json
import os
import re
import stat
from pathlib import Path

VENV = Path("/opt/venv")
VOLUMES = ("/var/lib/cone", "/run/cone")
PSEUDO = ("/proc", "/sys", "/dev")
SECRETS = re.compile(
    rb"secret-token:conductorone\.com:v1:[A-Za-z0-9_-]{40}"
    rb"|-----BEGIN [A-Z ]*PRIVATE KEY-----\s+[A-Za-z0-9+/]{40}"
    rb"|\b(?:AKIA|ASIA)(?!IOSFODNN7EXAMPLE)[A-Z0-9]{16}\b"
)
# Where it was built, which is of no concern to whoever runs it.
BUILD_PATHS = re.compile(
    rb"/build/(?:cli|sidecar|dist)|/image/opt|/opt/build|/opt/packages|/tmp/pip-"
)
LEFTOVERS = {".git", ".gitignore", ".netrc", ".pypirc", "pip.conf", ".cache", "direct_url.json"}
CERTIFICATES = b"-----BEGIN CERTIFICATE-----"


def files(top):
    """Yield each path below ``top`` with its status."""
    for directory, names, leaves in os.walk(top):
        names[:] = [name for name in names if not os.path.join(directory, name).startswith(PSEUDO)]
        for name in (*names, *leaves):
            path = Path(directory, name)
            try:
                yield path, path.lstat()
            except FileNotFoundError:
                continue


def inventory():
    """Find what must not be there, and how much there is."""
    everything = list(files("/"))
    regular = [(path, status) for path, status in everything if stat.S_ISREG(status.st_mode)]
    venv = [(path, status) for path, status in regular if VENV in path.parents]
    sources = [path for path, _ in venv if path.suffix == ".py" and "site-packages" in path.parts]
    cached = {path for path, _ in venv if path.suffix == ".pyc"}
    tag = f"cpython-{os.sys.version_info.major}{os.sys.version_info.minor}"
    ours = (65532,)
    return {
        "setuid": [str(path) for path, status in regular if status.st_mode & 0o6000],
        "ours": [
            str(path)
            for path, status in everything
            if status.st_uid in ours and not str(path).startswith(VOLUMES)
        ],
        "world_writable": [
            str(path)
            for path, status in everything
            if status.st_mode & 0o002
            and not stat.S_ISLNK(status.st_mode)
            and not status.st_mode & stat.S_ISVTX
            and not stat.S_ISSOCK(status.st_mode)
        ],
        "secrets": [str(path) for path, _ in regular if SECRETS.search(path.read_bytes())],
        "build_paths": [str(path) for path, _ in venv if BUILD_PATHS.search(path.read_bytes())],
        "certificates": [str(path) for path, _ in venv if CERTIFICATES in path.read_bytes()],
        "leftovers": [str(path) for path, _ in everything if path.name in LEFTOVERS],
        "commands": sorted(path.name for path in VENV.glob("bin/*")),
        "licences": sorted(
            path.name
            for path in VENV.glob("lib/*/site-packages/*.dist-info")
            if not (path / "METADATA").exists()
        ),
        "not_compiled": [
            str(path)
            for path in sources
            if path.parent / "__pycache__" / f"{path.stem}.{tag}.pyc" not in cached
        ],
        "packages": sorted(path.name for path in VENV.glob("lib/*/site-packages/*")),
        "botocore_data": sorted(
            path.name for path in VENV.glob("lib/*/site-packages/botocore/data/*")
        ),
        "venv_bytes": sum(status.st_size for _, status in venv),
    }


print(json.dumps(inventory()))
