"""What is said of words that mean nothing: what was meant, or who has such a command."""

import difflib
import json
from collections.abc import Iterable, Sequence

from cone_sidecar.errors import UsageError

# What ConductorOne's own `cone` has for administrators, and for those who build connectors.
ORIGINALS = frozenset(
    {
        "connector",
        "decrypt-credential",
        "functions",
        "generate-alias",
        "install-mcp",
        "list",
        "secret",
        "terraform",
        "virtual-entitlements",
    }
)


def unknown_command(name: str, above: str, known: Iterable[str]) -> UsageError:
    """Return the refusal of ``name``, which isn't among the commands ``known`` below ``above``."""
    if above == "cone" and name in ORIGINALS:
        return UsageError(
            f"ConductorOne's own cone has the command \"{name}\", this one doesn't",
            hint="install the original beside this one, and call it by its path",
        )
    quoted = json.dumps(name, ensure_ascii=False)
    return UsageError(f'unknown command {quoted} for "{above}"', hint=_meant(name, above, known))


def unknown_argument(rest: Sequence[str], command: str, options: Iterable[str]) -> UsageError:
    """Return the refusal of ``rest``, which ``command`` takes nothing of; it knows ``options``."""
    known = options if rest[0].startswith("-") else ()
    message = f"unrecognized arguments: {' '.join(rest)}".splitlines()[0]
    return UsageError(message, hint=_meant(rest[0].partition("=")[0], command, known))


def _meant(word: str, command: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(word, sorted(known), n=1)
    return (f'did you mean "{near[0]}"? Else see: ' if near else "") + f"{command} --help"
