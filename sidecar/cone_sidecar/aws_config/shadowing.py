"""Profiles that SDKs take from the shared credentials file, whatever the AWS config file says."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from cone_sidecar.aws_config.config_file import AwsConfigFile
from cone_sidecar.warm_file import aws_config_path

KEYS = frozenset({"aws_access_key_id", "aws_secret_access_key"})


def credentials_path(environment: Mapping[str, str]) -> Path:
    """Return the file that ``AWS_SHARED_CREDENTIALS_FILE`` names, else ``~/.aws/credentials``."""
    home = environment.get("HOME", "")
    named = environment.get("AWS_SHARED_CREDENTIALS_FILE")
    if named:
        # The same variable's rules: relative to the directory we are in, ~ for the home.
        return Path(aws_config_path({"HOME": home, "AWS_CONFIG_FILE": named}))
    return Path(aws_config_path({"HOME": home})).with_name("credentials")


def shadowed_profiles(environment: Mapping[str, str], names: Iterable[str]) -> list[str]:
    """Return those of ``names`` that have keys in the shared credentials file, in their order.

    These win over ``credential_process`` (reference §7.7).

    Raises:
        ConfigurationError: The file can't be read, or AWS tools couldn't read it.
    """
    if not os.path.lexists(credentials_path(environment)):
        return []
    there = {
        section.name.name
        for section in AwsConfigFile(credentials_path(environment)).read().sections
        if section.values.keys() >= KEYS
    }
    return [name for name in names if name in there]
