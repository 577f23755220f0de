"""A profile as a section of the AWS config file: its keys (reference §6.1), written and read back."""

import re
from collections.abc import Mapping

from cone_sidecar.ascii_text import ascii_text
from cone_sidecar.aws_config.document import AwsConfigDocument, safe_name
from cone_sidecar.aws_config.lines import SectionName
from cone_sidecar.domain.profile import (
    DEFAULT_SCOPES,
    DEFAULT_SSO_SESSION,
    DEFAULT_TENANT,
    EntitlementRef,
    Profile,
    RequestTerms,
    SsoSession,
)
from cone_sidecar.errors import ConfigurationError, ProfileIncomplete
from cone_sidecar.request_terms import KEYS, read_terms

OUR_COMMAND = re.compile(r"""(?:^|/|\\)cone(?:\.exe)?["']?\s+aws\s+credentials(?:\s|$)""")
COMMAND_PATH = re.compile(r"/[\w./=+@,:-]+")
TRAILING_COMMENT = re.compile(r"\s+[#;].*", re.DOTALL)


def profile_section(name: str) -> SectionName:
    """Return the section of the profile ``name``."""
    return SectionName("profile", name)


def session_section(name: str) -> SectionName:
    """Return the section of the SSO session ``name``."""
    return SectionName("sso-session", name)


def credential_process(command: str, profile: str) -> str:
    """Return the value of ``credential_process``: an absolute path, then only the profile quoted.

    botocore splits it without a shell, all other SDKs run ``sh -c``: both must see the same words
    (sdk-contract §4.3, §7 rule 9).

    Raises:
        ConfigurationError: The path or the name can't be written so.
    """
    if not COMMAND_PATH.fullmatch(command):
        raise ConfigurationError(
            f"AWS SDKs can't run cone from {ascii_text(command)}",
            hint=f"link it from a path without spaces: ln -s '{command}' /usr/local/bin/cone "
            "&& /usr/local/bin/cone aws setup",
        )
    if not safe_name(profile):
        raise ConfigurationError(
            f'"{ascii_text(profile)}" can\'t be the name of an AWS profile',
            hint="use a name of letters, digits, dots, dashes and underscores",
        )
    return f'{command} aws credentials "{profile}"'


def profile_values(
    profile: Profile, command: str, record: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Return the keys of a new profile's section, ``command`` being the absolute path of ``cone``.

    There is no ``sso_*`` key: beside ``credential_process`` it breaks Go's and Java's SDKs
    (reference §7.7). ``record`` is that of the generated name, see :func:`name_record`.

    Raises:
        ConfigurationError: Path or name can't be written.
    """
    return {
        "credential_process": credential_process(command, profile.name),
        "cone_app_id": profile.entitlement.app_id,
        "cone_entitlement_id": profile.entitlement.entitlement_id,
        **role_values(profile),
        **(record or {}),
        "region": profile.region,
        "output": "json",
    }


def role_values(profile: Profile) -> dict[str, str]:
    """Return the keys that say which role a profile is, at which Identity Center, of which tenant."""
    values = {
        "cone_sso_account_id": profile.account_id,
        "cone_sso_role_name": profile.role_name,
        "cone_sso_region": profile.session.region,
        "cone_sso_start_url": profile.session.start_url,
        "cone_sso_registration_scopes": ",".join(profile.session.scopes),
        "cone_sso_session": profile.session.name,
    }
    if profile.tenant.lower() != DEFAULT_TENANT:
        values["cone_tenant"] = profile.tenant
    return values


def name_record(name_hash: str, template: str) -> dict[str, str]:
    """Return the keys that remember what a profile's name was made of: a renamed one is known by them.

    Args:
        name_hash: The hash of the name that the template gave, without a clash's suffix.
        template: The template, empty for the default one.
    """
    record = {"cone_name_hash": name_hash}
    return record | {"cone_name_template": template} if template else record


def session_values(session: SsoSession) -> dict[str, str]:
    """Return the keys of an SSO session's section, as ``aws sso login --sso-session`` reads them."""
    return {
        "sso_start_url": session.start_url,
        "sso_region": session.region,
        "sso_registration_scopes": ",".join(session.scopes),
    }


def is_ours(values: Mapping[str, str]) -> bool:
    """Tell whether a profile's section was written by cone, by us or by the original."""
    return (
        "cone_app_id" in values
        or "cone_entitlement_id" in values
        or bool(OUR_COMMAND.search(values.get("credential_process", "")))
    )


def entitlement_in(values: Mapping[str, str]) -> EntitlementRef | None:
    """Return the entitlement that a section names, None where it doesn't."""
    app_id, entitlement_id = (
        value_in(values, "cone_app_id"),
        value_in(values, "cone_entitlement_id"),
    )
    return EntitlementRef(app_id, entitlement_id) if app_id and entitlement_id else None


def read_profile(
    document: AwsConfigDocument, name: str, values: Mapping[str, str], defaults: RequestTerms
) -> Profile:
    """Read the profile ``name`` from its section's ``values``; ``defaults`` are terms for all profiles.

    Raises:
        ProfileIncomplete: A key is missing (texts: reference §6.2).
        ConfigurationError: A key's value has no meaning.
    """
    entitlement = entitlement_in(values)
    if entitlement is None:
        raise ProfileIncomplete(
            f'profile "{ascii_text(name)}" is missing cone_app_id or cone_entitlement_id '
            "— re-run 'cone aws setup'",
            hint="delete the profile from the AWS config file, then run: cone aws setup",
            profile=name,
        )
    session = _session(document, values)
    account_id = value_in(values, "cone_sso_account_id")
    role_name = value_in(values, "cone_sso_role_name")
    if not (account_id and role_name and session.start_url and session.region):
        raise ProfileIncomplete(
            f"missing required SSO configuration for profile {ascii_text(name)}",
            hint="delete the profile from the AWS config file, then run: cone aws setup",
            profile=name,
        )
    return Profile(
        name=name,
        entitlement=entitlement,
        account_id=account_id,
        role_name=role_name,
        session=session,
        tenant=value_in(values, "cone_tenant") or DEFAULT_TENANT,
        region=value_in(values, "region"),
        terms=_terms(name, values, defaults),
    )


def _session(document: AwsConfigDocument, values: Mapping[str, str]) -> SsoSession:
    """Read the session: the section's region wins while it describes the profile's own instance.

    So a region that is put right by ``cone aws setup --sso-region`` is right for every profile.
    """
    name = (
        value_in(values, "cone_sso_session")
        or value_in(values, "sso_session")
        or DEFAULT_SSO_SESSION
    )
    section = document.values(session_section(name)) or {}
    start_url = value_in(values, "cone_sso_start_url") or value_in(section, "sso_start_url")
    region = value_in(values, "cone_sso_region")
    if value_in(section, "sso_start_url") == start_url:
        region = value_in(section, "sso_region") or region
    scopes = value_in(values, "cone_sso_registration_scopes").split(",")
    named = tuple(scope.strip() for scope in scopes if scope.strip())
    return SsoSession(name, start_url, region, named or (DEFAULT_SCOPES,))


def _terms(name: str, values: Mapping[str, str], defaults: RequestTerms) -> RequestTerms:
    # Only a justification holds spaces, and perhaps what looks like a comment.
    texts = {key: value_in(values, key) for key in KEYS}
    texts["cone_justification"] = values.get("cone_justification", "")
    return read_terms(texts, defaults, where=f'profile "{name}"')


def value_in(values: Mapping[str, str], key: str) -> str:
    """Return a value that holds no space, without the comment that a person put behind it."""
    return TRAILING_COMMENT.sub("", values.get(key, ""))
