"""Log lines of a command, to stderr alone: stdout is for data."""

import logging
import sys

LEVELS = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warn": logging.WARNING,
    "error": logging.ERROR,
}
OURS = ("cone_cli", "cone_sidecar")
# It tells of each request with its URL. What lies below it would tell of headers, where the secrets are.
REQUESTS = "httpx"


def log_nowhere() -> None:
    """Keep what nobody asked to see off stderr; a command that sets up a log of its own has it."""
    logging.lastResort = logging.NullHandler()


def log_to_stderr(level_name: str) -> None:
    """Log from ``level_name`` on; libraries say no less than a warning, HTTP requests at debug."""
    level = LEVELS[level_name]
    logging.basicConfig(
        stream=sys.stderr,
        level=max(level, logging.WARNING),
        format="%(asctime)s %(levelname)s %(message)s",
    )
    for name in OURS:
        logging.getLogger(name).setLevel(level)
    if level == logging.DEBUG:
        logging.getLogger(REQUESTS).setLevel(level)


def log_from(level_name: str) -> None:
    """Have our own lines logged from ``level_name`` on, from info where that is empty."""
    for name in OURS:
        logging.getLogger(name).setLevel(LEVELS[level_name or "info"])
