"""A command line's parser: it refuses in our words, and its help can be copied from."""

import argparse
from typing import Any, NoReturn

from cone_cli import terminal
from cone_cli.flag_values import plain_flags
from cone_sidecar.errors import UsageError

# What each example of a help begins with.
EXAMPLE = "example: "


class HelpFormatter(argparse.HelpFormatter):
    """A help as argparse writes it, whose example stays on its line: people copy it."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return text if text.startswith(EXAMPLE) else super()._fill_text(text, width, indent)


class Parser(argparse.ArgumentParser):
    """An argument parser that refuses in our words: one line, one hint, exit code 2."""

    def __init__(self, **settings: Any) -> None:  # noqa: ANN401 -- whatever argparse takes
        super().__init__(formatter_class=HelpFormatter, **settings)

    def parse_known_args(self, args=None, namespace=None):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201 -- argparse's own
        """Take the value off ``--wait=2h``: as an option's optional value it would eat what follows.

        Where ``after_dashes`` is a default, it names what takes the words after ``--``, whatever they are.
        """
        destination, after = self.get_default("after_dashes"), []
        denied: list[str] = []
        if args is not None and destination and "--" in args:
            dashes = list(args).index("--")
            args, after = args[:dashes], list(args[dashes + 1 :])
        if args is not None:
            args, denied = plain_flags(args, self._option_string_actions)
        if args is not None and "--wait-for" in self._option_string_actions:
            args = [
                arg.replace("--wait=", "--wait-for=", 1) if arg.startswith("--wait=") else arg
                for arg in args
            ]
        parsed, rest = super().parse_known_args(args, namespace)
        if rest:
            from cone_cli.unknown_words import unknown_argument

            raise unknown_argument(rest, self.prog, self._option_string_actions)
        for flag in denied:
            setattr(parsed, flag, False)
        if destination:
            setattr(parsed, destination, after)
        return parsed, rest

    def _check_value(self, action: argparse.Action, value: object) -> None:
        """Refuse a command that there isn't in the original's words; other values as argparse does."""
        if isinstance(action, argparse._SubParsersAction) and value not in action.choices:  # noqa: SLF001 -- argparse names it nowhere else
            from cone_cli.unknown_words import unknown_command

            raise unknown_command(str(value), self.prog, action.choices)
        super()._check_value(action, value)

    def _print_message(self, message: str, file: object = None) -> None:
        """Print a help as other data: argparse keeps silent about a full disk."""
        del file
        terminal.put(message.rstrip("\n"))

    def error(self, message: str) -> NoReturn:
        """Refuse the arguments."""
        raise UsageError(message.splitlines()[0], hint=f"{self.prog} --help")
