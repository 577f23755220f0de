"""Variables that look like cone's, and that nobody reads."""

from collections.abc import Mapping

from cone_cli.doctor.finding import Finding, Level
from cone_cli.variable_names import mistaken_names
from cone_sidecar.ascii_text import ascii_text


def check_variables(environment: Mapping[str, str]) -> list[Finding]:
    """Return the variables whose names are nearly one of cone's."""
    return [
        Finding(
            "variable-name",
            Level.WARN,
            f"nobody reads {ascii_text(name)}: {near} may have been meant",
            f'export {near}="${name}" && unset {name}' if name.isidentifier() else f"export {near}",
        )
        for name, near in mistaken_names(environment)
    ]
