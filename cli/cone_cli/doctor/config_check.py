"""cone's own config file, and the AWS config file as a whole."""

import shlex
import stat
from collections.abc import Mapping
from pathlib import Path

from cone_cli.doctor.finding import Finding, Level
from cone_cli.doctor.sdk_profiles import CREDENTIALS, sdk_file
from cone_cli.known_profiles import KnownProfiles
from cone_sidecar.ascii_text import ascii_text
from cone_sidecar.aws_config.config_file import AwsConfigFile
from cone_sidecar.cone_config import ConeConfig
from cone_sidecar.errors import ConfigurationError
from cone_sidecar.warm_file import cone_config_path

OTHERS = stat.S_IRWXG | stat.S_IRWXO


def check_cone_config(environment: Mapping[str, str]) -> Finding:
    """Return whether ``~/.conductorone/config.yaml`` can be read, and by nobody else."""
    path = Path(cone_config_path(environment))
    try:
        ConeConfig.load(environment)
    except ConfigurationError as error:
        return Finding("cone-config", Level.FAIL, error.message, error.hint, str(path))
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
    except OSError:
        return Finding("cone-config", Level.OK, "there is no config file of cone's", "", str(path))
    if mode & OTHERS:
        what = (
            f"other users may use cone's config file, which holds the login: its mode is {mode:04o}"
        )
        fix = f"chmod 600 {shlex.quote(str(path))}"
        return Finding("cone-config-mode", Level.WARN, what, fix, str(path))
    return Finding("cone-config", Level.OK, "cone's config file is yours alone", "", str(path))


def check_aws_config(environment: Mapping[str, str], known: KnownProfiles) -> list[Finding]:
    """Return what is to be said of the AWS config file that cone reads, beside its profiles."""
    file = AwsConfigFile.of(environment)
    if not file.path.exists():
        named = environment.get("AWS_CONFIG_FILE") and not environment.get("CONE_AWS_CONFIG_FILE")
        what = (
            "AWS_CONFIG_FILE names a file that isn't there"
            if named
            else "there is no AWS config file"
        )
        fix = "unset AWS_CONFIG_FILE" if named else "cone aws setup"
        return [Finding("aws-config", Level.FAIL, what, fix, str(file.path))]
    if not known.entries:
        what = "the AWS config file holds no profile of cone's"
        return [Finding("aws-config", Level.WARN, what, "cone aws setup", str(file.path))]
    what = f"the AWS config file holds {len(known.entries)} profiles of cone's"
    return [Finding("aws-config", Level.OK, what, "", str(file.path))]


def check_section(environment: Mapping[str, str], profile: str) -> list[Finding]:
    """Return whether another section than the one of ``profile`` is taken for it."""
    credentials = AwsConfigFile(sdk_file(environment, *CREDENTIALS))
    try:
        sections = credentials.read().sections
    except ConfigurationError:
        # Whoever reads it for the SDKs tells why it can't be read.
        return []
    if not any(section.name.name == profile and section.values for section in sections):
        return []
    what = (
        f"[{ascii_text(profile)}] is in the credentials file as well: most clients take what "
        "stands there"
    )
    fix = f"remove [{ascii_text(profile)}] from {credentials.path}"
    return [Finding("shadowed-profile", Level.FAIL, what, fix, str(credentials.path))]
