"""A network of this thread's own, in which this machine has the address of AWS's container endpoint."""

import ctypes
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

ADDRESS = "169.254.170.2"
CLONE_NEWNET = 0x40000000
LIMIT_S = 10
SETTING_UP = (
    ("ip", "link", "set", "lo", "up"),
    ("ip", "address", "add", f"{ADDRESS}/32", "dev", "lo"),
)


def why_not():
    """Say why there can be none here, empty where there can."""
    if sys.platform != "linux" or os.geteuid() != 0 or not shutil.which("ip"):
        return "a network namespace of its own needs Linux, root and ip"
    with own_network() as executor:
        error = executor.submit(_nothing).exception()
    return f"no network namespace: {error}" if error else ""


def own_network():
    """Return an executor with one thread; what runs in it, and what that starts, is in the network."""
    return ThreadPoolExecutor(1, initializer=_enter)


def _enter():
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "unshare")
    for command in SETTING_UP:
        subprocess.run(command, check=True, timeout=LIMIT_S)


def _nothing():
    """Tell by running at all that the network is there."""
