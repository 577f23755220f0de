"""What holds for every command: a flag, else a variable, else the original's config file (reference §1.3)."""

import argparse
from collections.abc import Mapping
from typing import TYPE_CHECKING

from cone_sidecar.errors import ConfigurationError, UsageError
from cone_sidecar.truth import parse_truth
from cone_sidecar.warm_file import cone_config_path

if TYPE_CHECKING:
    from cone_sidecar.cone_config import ConeConfig

FORMATS = ("table", "wide", "json", "json-pretty")
LEVELS = ("debug", "info", "warn", "error")
KEYS = ("output", "non-interactive", "debug", "log-level")


def add_preferences(parser: argparse.ArgumentParser) -> None:
    """Add the options that the original takes with every command, and that say how it behaves."""
    options = parser.add_argument_group("behaviour")
    options.add_argument(
        "-i", "--non-interactive", action="store_true", help="ask nothing (CONE_NON_INTERACTIVE)"
    )
    options.add_argument(
        "--debug", action="store_true", help="log what is asked of whom, to stderr (CONE_DEBUG)"
    )
    options.add_argument(
        "--log-level",
        metavar="LEVEL",
        choices=LEVELS,
        help="debug, info, warn or error (CONE_LOG_LEVEL)",
    )


def settle(args: argparse.Namespace, environment: Mapping[str, str]) -> None:
    """Fill in what the command line leaves open: ``output``, ``non_interactive`` and ``log_level``.

    ``log_level`` is empty where nobody asks for a log.

    Raises:
        UsageError: A variable, or the file, has a value that means nothing.
    """
    saved = _Saved(environment)
    if getattr(args, "prints_data", False) and not hasattr(args, "output"):
        args.output = _one_of(FORMATS, *saved.or_variable("output")) or "table"
    if not hasattr(args, "non_interactive"):
        args.non_interactive = _truth(*saved.or_variable("non-interactive"))
    args.log_level = _log_level(args, saved)


def log_level(args: argparse.Namespace, environment: Mapping[str, str]) -> str:
    """Return from which level on there is a log; empty where nobody says.

    Raises:
        UsageError: A variable, or the file, has a value that means nothing.
    """
    return _log_level(args, _Saved(environment))


def _log_level(args: argparse.Namespace, saved: "_Saved") -> str:
    if getattr(args, "debug", False):
        return "debug"
    if told := getattr(args, "log_level", ""):
        return str(told)
    debug = not hasattr(args, "debug") and _truth(*saved.or_variable("debug"))
    return "debug" if debug else _one_of(LEVELS, *saved.or_variable("log-level"))


class _Saved:
    """The keys of the config file. YAML is read only where the file has one of them: it costs 10 ms."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._path = cone_config_path(environment)
        self._texts: Mapping[str, str] | None = None

    def or_variable(self, key: str) -> tuple[str, str]:
        """Return what the variable, else the file says, and which of the two; empty is nothing."""
        variable = "CONE_" + key.upper().replace("-", "_")
        if text := self._environment.get(variable, ""):
            return text, variable
        if self._texts is None:
            self._texts = self._read()
        return self._texts.get(key, ""), f"{key} in {self._path}"

    def _read(self) -> Mapping[str, str]:
        try:
            with open(self._path, "rb") as file:  # noqa: PTH123 -- pathlib costs 5 ms
                content = file.read().lower()
        except OSError:
            return {}
        if not any(key.encode() in content for key in KEYS):
            return {}
        config = self._config()
        return config.texts(KEYS) if config else {}

    def _config(self) -> "ConeConfig | None":
        from cone_sidecar.cone_config import ConeConfig

        try:
            return ConeConfig.load(self._environment)
        except ConfigurationError:
            # Whoever needs more of it tells what is wrong with it.
            return None


def _one_of(known: tuple[str, ...], text: str, where: str) -> str:
    if text and text.lower() not in known:
        raise UsageError(f"{where} is none of {', '.join(known)}", hint=f"set it to {known[0]}")
    return text.lower()


def _truth(text: str, where: str) -> bool:
    truth = parse_truth(text) if text else False
    if truth is None:
        raise UsageError(f"{where} is neither true nor false", hint="set it to true, or unset it")
    return truth
