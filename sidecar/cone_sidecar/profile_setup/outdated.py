"""What of a profile isn't as the catalogue and the settings say."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from cone_sidecar.aws_config.profile_section import value_in
from cone_sidecar.domain.profile import DEFAULT_SSO_SESSION
from cone_sidecar.profile_setup.present_profile import PresentProfile
from cone_sidecar.profile_setup.process_line import ProcessLine

IDENTITY = (
    "cone_sso_account_id",
    "cone_sso_role_name",
    "cone_sso_region",
    "cone_sso_start_url",
    "cone_sso_session",
    "cone_tenant",
)


@dataclass(frozen=True, slots=True)
class Difference:
    """A key, what it has and what it should have; empty is nothing."""

    key: str
    found: str
    wanted: str


@dataclass(frozen=True, slots=True)
class OutdatedProfile:
    """A profile and what is out of date about it."""

    name: str
    differences: tuple[Difference, ...]


def differences(
    present: PresentProfile,
    wanted: Mapping[str, str],
    command: str,
    runs: Callable[[str], bool],
) -> Iterator[Difference]:
    """Yield what differs; a key that a person took out and that names nothing is let be.

    Args:
        present: The section as it is.
        wanted: Keys and values that it should have; keys beyond these aren't looked at.
        command: The absolute path of ``cone``.
        runs: Tells whether an absolute path is a program.
    """
    values = present.values
    foreign = [key for key in values if key.startswith("sso_")]
    for key in IDENTITY:
        found, right = value_in(values, key), wanted.get(key, "")
        if found == right or (key == "cone_tenant" and found.lower() == right.lower()):
            continue
        if key == "cone_sso_session" and not found and not foreign and right == DEFAULT_SSO_SESSION:
            continue
        yield Difference(key, found, right)
    # As SDKs read it, which know no comment behind a value.
    region = values.get("region")
    if region is not None and region != wanted.get("region", region):
        yield Difference("region", region, wanted["region"])
    line = ProcessLine.read(values.get("credential_process", ""))
    if line and not (line.absolute and line.profile == present.name and runs(line.path)):
        yield Difference(
            "credential_process",
            values["credential_process"],
            f'{command} aws credentials "{present.name}"',
        )
    for key in foreign:
        yield Difference(key, values[key], "")
