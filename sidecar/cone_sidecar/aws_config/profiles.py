"""Which profiles of the AWS config file are ours."""

from collections.abc import Mapping
from pathlib import Path

from cone_sidecar.ascii_text import ascii_text
from cone_sidecar.aws_config.config_file import AwsConfigFile
from cone_sidecar.aws_config.document import AwsConfigDocument
from cone_sidecar.aws_config.profile_section import is_ours, profile_section, read_profile
from cone_sidecar.domain.profile import DEFAULT_TERMS, Profile, RequestTerms
from cone_sidecar.errors import ConfigurationError, ProfileNotFound


def read_profiles(environment: Mapping[str, str]) -> dict[str, Profile]:
    """Read our profiles from the AWS config file, by name and in its order; incomplete ones are left out.

    Raises:
        ConfigurationError: The file can't be read.
    """
    return profiles_in(AwsConfigFile.of(environment).read())


def find_profile(
    name: str, environment: Mapping[str, str], defaults: RequestTerms = DEFAULT_TERMS
) -> Profile:
    """Read one profile from the AWS config file; ``defaults`` are the terms for all profiles.

    Raises:
        ProfileNotFound: There is none of this name.
        ProfileIncomplete: A key is missing.
        ConfigurationError: The file can't be read, or a value has no meaning.
    """
    file = AwsConfigFile.of(environment)
    return profile_in(file.read(), name, file.path, defaults)


def profiles_in(
    document: AwsConfigDocument, defaults: RequestTerms = DEFAULT_TERMS
) -> dict[str, Profile]:
    """Return the document's profiles that are ours and complete."""
    profiles = {}
    for name, values in our_sections(document).items():
        try:
            profiles[name] = read_profile(document, name, values, defaults)
        except ConfigurationError:
            continue
    return profiles


def profile_in(
    document: AwsConfigDocument, name: str, path: Path, defaults: RequestTerms = DEFAULT_TERMS
) -> Profile:
    """Return the document's profile ``name``; raises as :func:`find_profile` does."""
    values = document.values(profile_section(name))
    if values is None:
        raise profile_not_found(name, list(our_sections(document)), path)
    return read_profile(document, name, values, defaults)


def our_sections(document: AwsConfigDocument) -> dict[str, dict[str, str]]:
    """Return the values of the document's profiles that cone wrote, by name."""
    sections: dict[str, dict[str, str]] = {}
    for section in document.sections:
        kind, name = section.name
        if kind == "profile" and name:
            sections[name] = sections.get(name, {}) | section.values
    return {name: values for name, values in sections.items() if is_ours(values)}


def profile_not_found(name: str, known: list[str], where: Path | str) -> ProfileNotFound:
    """Tell that there is no profile ``name``, and which one may have been meant."""
    # Importing it costs 0.2 MiB, and few names are wrong.
    import difflib  # noqa: PLC0415 -- as said above

    near = difflib.get_close_matches(name, known, n=1)
    # What is written comes out of the catalogue: who looked there finds no more of them by writing.
    remedy = "cone aws setup" if isinstance(where, Path) else "cone aws status"
    return ProfileNotFound(
        f'no profile "{ascii_text(name)}" in {ascii_text(str(where))}',
        hint=f'did you mean "{near[0]}"? Else run: {remedy}' if near else remedy,
        profile=name,
    )
