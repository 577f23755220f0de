"""What is said of a command that isn't there: what was meant, or who has it."""

import difflib
import json
from collections.abc import Iterable

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
    near = difflib.get_close_matches(name, sorted(known), n=1)
    meant = f'did you mean "{near[0]}"? Else see: ' if near else ""
    quoted = json.dumps(name, ensure_ascii=False)
    return UsageError(f'unknown command {quoted} for "{above}"', hint=f"{meant}{above} --help")
