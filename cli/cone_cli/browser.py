"""A browser, where a person sits in front of a screen."""

import os
import shutil
import subprocess


def open_browser(url: str) -> bool:
    """Open ``url`` where a person sits in front of a screen; returns whether that was tried."""
    remote = os.environ.get("SSH_CLIENT") or os.environ.get("SSH_TTY")
    opener = shutil.which("xdg-open") or shutil.which("open")
    # The URL comes from a server: it must not be able to open anything else than a page.
    page = url.startswith(("https://", "http://"))
    if not os.environ.get("DISPLAY") or remote or not opener or not page:
        return False
    subprocess.Popen(  # noqa: S603 -- a fixed program; the URL is an argument, no shell
        [opener, url],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    return True
