"""An environment in the words of a shell, or of a file that programs read theirs from."""

import json
import re
import shlex
from collections.abc import Callable, Mapping, Sequence

from cone_sidecar.errors import ConfigurationError

Exports = Mapping[str, str]
Write = Callable[[Exports, Sequence[str]], str]
# PowerShell takes each of these for the end of a text in single quotes; two of them stand for one.
PWSH_QUOTES = re.compile("['\u2018\u2019\u201a\u201b]")
# What every reader of such files takes as it stands: docker's knows no quotes, others expand and unescape.
DOTENV_PLAIN = re.compile(r"[A-Za-z0-9_./:,@%+*=\[\]-]*")
DOTENV_QUOTABLE = re.compile(r"[^'\\$\n\r]*")


def bash(exports: Exports, unset: Sequence[str]) -> str:
    """Return lines for bash, zsh and every POSIX shell."""
    lines = ["unset " + " ".join(unset)]
    lines += [f"export {name}={shlex.quote(value)}" for name, value in exports.items()]
    return "\n".join(lines)


def fish(exports: Exports, unset: Sequence[str]) -> str:
    r"""Return lines for fish, which knows ``\\`` and ``\'`` in single quotes."""
    lines = [f"set --erase {name}" for name in unset]
    for name, value in exports.items():
        quoted = value.replace("\\", "\\\\").replace("'", "\\'")
        lines.append(f"set --global --export {name} '{quoted}'")
    return "\n".join(lines)


def pwsh(exports: Exports, unset: Sequence[str]) -> str:
    """Return lines for PowerShell (about_Quoting_Rules)."""
    lines = ["Remove-Item -ErrorAction Ignore " + ",".join(f"Env:{name}" for name in unset)]
    for name, value in exports.items():
        quoted = PWSH_QUOTES.sub(lambda quote: quote[0] * 2, value)
        lines.append(f"$Env:{name} = '{quoted}'")
    return "\n".join(lines)


def dotenv(exports: Exports, unset: Sequence[str]) -> str:
    """Return lines of a ``.env`` file, which can set variables and nothing else.

    Raises:
        ConfigurationError: Readers of such files would differ about a value.
    """
    lines = ["# to be left out: " + " ".join(unset)]
    for name, value in exports.items():
        if DOTENV_PLAIN.fullmatch(value):
            lines.append(f"{name}={value}")
        elif DOTENV_QUOTABLE.fullmatch(value):
            lines.append(f"{name}='{value}'")
        else:
            raise ConfigurationError(
                f"{name} has a character that readers of .env files take for different things",
                hint="--shell json, or another directory",
            )
    return "\n".join(lines)


def as_json(exports: Exports, unset: Sequence[str]) -> str:
    """Return an object of names and values; null stands for a variable to be unset."""
    return json.dumps({**dict.fromkeys(unset), **exports}, indent=2)


SYNTAXES: Mapping[str, Write] = {
    "bash": bash,
    "fish": fish,
    "pwsh": pwsh,
    "dotenv": dotenv,
    "json": as_json,
}
COMMENTS = frozenset({"bash", "fish", "pwsh", "dotenv"})
