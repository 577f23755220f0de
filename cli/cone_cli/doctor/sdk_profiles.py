"""The profiles that SDKs read: of the AWS config file and the shared credentials file, merged by name."""

from collections.abc import Mapping
from pathlib import Path

from cone_sidecar.aws_config.config_file import AwsConfigFile
from cone_sidecar.aws_config.lines import SectionName
from cone_sidecar.warm_file import aws_config_path

SdkProfiles = Mapping[str, Mapping[str, str]]
# The variable, and the file's name in ~/.aws.
CONFIG = ("AWS_CONFIG_FILE", "config")
CREDENTIALS = ("AWS_SHARED_CREDENTIALS_FILE", "credentials")
DEFAULT = SectionName("profile", "default")


def read_sdk_profiles(environment: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Return the keys of each profile, by its name; those of the credentials file win.

    Raises:
        ConfigurationError: A file can't be read, or AWS tools couldn't read it.
    """
    profiles: dict[str, dict[str, str]] = {}
    for place, kind in ((CONFIG, "profile"), (CREDENTIALS, "")):
        for section in AwsConfigFile(sdk_file(environment, *place)).read().sections:
            # Without "profile", a name is one in the credentials file; `default` is in both.
            if section.name.kind == kind or section.name == DEFAULT:
                name = section.name.name
                profiles[name] = profiles.get(name, {}) | section.values
    return profiles


def sdk_file(environment: Mapping[str, str], variable: str, name: str) -> Path:
    """Return the file that ``variable`` names, else the one in ``~/.aws``."""
    # With nothing else in it, the usual place: where there is no home, nothing is raised either.
    usual = Path(aws_config_path({"HOME": environment.get("HOME", "")})).with_name(name)
    named = environment.get(variable, "")
    if named.startswith("~/"):
        return usual.parent.parent / named[2:]
    return Path(named) if named else usual
