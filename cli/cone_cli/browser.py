"""A browser, where a person sits in front of a screen."""

import os
import shutil
import subprocess
import sys

# On Windows' own Linux the screen is Windows': wslu's program opens pages there, or its own shell.
OPENERS_OF_WSL = ("wslview", "explorer.exe")
OPENERS = ("xdg-open", "open")


def find_opener() -> str:
    """Return the program that opens pages where a person sits in front of a screen, else an empty text."""
    environment = os.environ
    remote = environment.get("SSH_CLIENT") or environment.get("SSH_TTY")
    wsl = "WSL_DISTRO_NAME" in environment
    screen = environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY")
    if remote or not (screen or wsl or sys.platform == "darwin"):
        return ""
    names = (*OPENERS_OF_WSL, *OPENERS) if wsl else OPENERS
    return next((found for name in names if (found := shutil.which(name))), "")


def open_browser(url: str) -> bool:
    """Open ``url`` where a person sits in front of a screen; returns whether that was tried.

    Each user of the machine can read it in the list of processes.
    """
    opener = find_opener()
    # The URL comes from a server: it must not be able to open anything else than a page.
    if not opener or not url.startswith(("https://", "http://")):
        return False
    subprocess.Popen(  # noqa: S603 -- a fixed program; the URL is an argument, no shell
        [opener, url],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    return True
