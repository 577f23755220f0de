"""The profiles that commands are about, by name; those that can't be used with what is wrong."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cone_cli.chosen_profiles import no_start_url
from cone_cli.composition import tenant_profiles
from cone_sidecar.aws_config.config_file import AwsConfigFile
from cone_sidecar.aws_config.profile_section import read_profile
from cone_sidecar.aws_config.profiles import our_sections, profile_not_found
from cone_sidecar.clock import SystemClock
from cone_sidecar.connections import AdapterConnections
from cone_sidecar.domain.profile import Profile, RequestTerms
from cone_sidecar.errors import ConfigurationError, ProfileNotFound

# The state of a profile that its section of the AWS config file doesn't tell enough of.
UNUSABLE = "unusable"


@dataclass(frozen=True, slots=True)
class KnownProfiles:
    """What there is, in its order; ``where`` tells where it was looked for."""

    where: Path | str
    entries: dict[str, Profile | ConfigurationError] = field(default_factory=dict)

    def profile(self, name: str) -> Profile:
        """Return one profile.

        Raises:
            ProfileNotFound: There is none of this name.
            ProfileIncomplete: It lacks a key.
            ConfigurationError: A value of it has no meaning.
        """
        found = self.entries.get(name) or self.not_found(name)
        if isinstance(found, ConfigurationError):
            raise found
        return found

    def not_found(self, name: str) -> ProfileNotFound:
        """Tell that there is none of this name, and which one may have been meant."""
        return profile_not_found(name, list(self.entries), self.where)


def configured_profiles(environment: Mapping[str, str], terms: RequestTerms) -> KnownProfiles:
    """Return what the AWS config file has of ours.

    Raises:
        ConfigurationError: The file can't be read.
    """
    file = AwsConfigFile.of(environment)
    document = file.read()
    known = KnownProfiles(file.path)
    for name, values in our_sections(document).items():
        try:
            known.entries[name] = read_profile(document, name, values, terms)
        except ConfigurationError as error:
            known.entries[name] = error
    return known


async def known_profiles(
    connections: AdapterConnections, environment: Mapping[str, str], terms: RequestTerms
) -> KnownProfiles:
    """Return what the AWS config file has of ours, or where that is nothing, what the tenant has.

    Raises:
        ConfigurationError: A file can't be read, or there are no profiles and nothing to make them of.
        LoginRequired: The tenant doesn't know us.
        UpstreamError: Its catalogue can't be read.
    """
    known = configured_profiles(environment, terms)
    if known.entries:
        return known
    source = tenant_profiles(connections, environment, terms, SystemClock())
    if source is None:
        raise no_start_url()
    found = await source.profiles()
    return KnownProfiles("ConductorOne's catalogue", {profile.name: profile for profile in found})
