"""The names of our profiles, read off the AWS config file as fast as a shell completes words.

Standard library only, and of that what the interpreter has loaded anyway. What counts as ours is told by
:func:`cone_sidecar.aws_config.profile_section.is_ours`; a test holds the two together.
"""

from collections.abc import Iterable, Mapping

from cone_sidecar.warm_file import aws_config_path

PROCESS = "credential_process"
OUR_KEYS = frozenset({"cone_app_id", "cone_entitlement_id"})
# What a shell's word rules would read in another way than as it stands.
QUOTING = frozenset("\"'\\")


def profile_names(environment: Mapping[str, str], prefix: str = "") -> list[str]:
    """Return our profiles' names that begin with ``prefix``, in the file's order; none where it has none."""
    try:
        with open(aws_config_path(environment), encoding="utf-8", errors="surrogateescape") as file:  # noqa: PTH123 -- pathlib costs 5 ms
            return names_in(file, prefix)
    except (OSError, ValueError):
        return []


def names_in(lines: Iterable[str], prefix: str = "") -> list[str]:
    """Return the names of our profiles among the ``lines`` of an AWS config file."""
    ours: dict[str, bool] = {}
    # By its keys, whatever a further section of the same name says.
    sure: set[str] = set()
    name, undecided = "", False
    for line in lines:
        if "[" in line and (header := line.strip("\ufeff \t\r\n"))[0] == "[" and "]" in header:
            name = _name(header[1:].partition("]")[0])
            undecided = bool(name) and name.startswith(prefix) and name not in sure
        elif undecided and ("cone" in (lowered := line.lower()) or PROCESS in lowered):
            key = lowered.replace(":", "=").partition("=")[0]
            if key.strip() in OUR_KEYS:
                ours[name] = True
                sure.add(name)
                undecided = False
            elif key.strip() == PROCESS:
                # Of a key that comes twice, the last value counts.
                ours[name] = _runs_cone(line[len(key) + 1 :].split())
    return [name for name, found in ours.items() if found]


def _runs_cone(words: list[str]) -> bool:
    """Tell whether a command line is ``cone aws credentials``, wherever cone is."""
    for index in range(1, len(words) - 1):
        if words[index : index + 2] == ["aws", "credentials"]:
            program = words[index - 1].strip("\"'").replace("\\", "/").rpartition("/")[2]
            return program.removesuffix(".exe") == "cone"
    return False


def _name(inner: str) -> str:
    """Return a profile's name, empty for any other section's."""
    words = inner.split()
    if not QUOTING.intersection(inner) and len(words) <= 2:  # noqa: PLR2004 -- kind and name
        if len(words) == 2:  # noqa: PLR2004 -- as above
            return words[1] if words[0] == "profile" else ""
        return "default" if words == ["default"] else ""
    # Regular expressions cost 5 ms: few names need them.
    from cone_sidecar.aws_config.lines import section_name

    kind, name = section_name(inner)
    return name if kind == "profile" else ""
