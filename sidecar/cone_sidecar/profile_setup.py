"""Bring the AWS config file up to the catalogue: what ``cone aws setup`` does to the document."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from cone_sidecar.aws_config.document import AwsConfigDocument
from cone_sidecar.aws_config.profile_section import (
    entitlement_in,
    profile_section,
    profile_values,
    session_section,
    session_values,
)
from cone_sidecar.aws_config.profiles import our_sections
from cone_sidecar.catalogue import new_profile
from cone_sidecar.domain.profile import (
    EntitlementRef,
    PermissionSet,
    SkippedEntitlement,
    SsoSession,
)
from cone_sidecar.errors import ConfigurationError
from cone_sidecar.profile_naming import name_profiles, profile_name


@dataclass(slots=True)
class SetupResult:
    """What was done: names of new profiles, rows left out and why, how many were there already."""

    created: list[str] = field(default_factory=list)
    left_out: list[SkippedEntitlement] = field(default_factory=list)
    existing: int = 0
    session_corrected: bool = False


def set_up(
    found: Iterable[PermissionSet | SkippedEntitlement],
    document: AwsConfigDocument,
    *,
    session: SsoSession,
    region: str,
    tenant: str,
    command: str,
) -> SetupResult:
    """Add to ``document`` the profiles that it lacks, and the SSO session that they need.

    A profile is known by its entitlement, whatever its name. Nothing else in the document changes,
    except that the section of ``session`` follows it.

    Args:
        found: The catalogue, in its order.
        document: The AWS config file.
        session: The Identity Center that new profiles belong to.
        region: The default region of new profiles.
        tenant: The profile of the original's config file that the catalogue belongs to.
        command: The absolute path of ``cone``.
    """
    rows = list(found)
    result = SetupResult(left_out=[row for row in rows if isinstance(row, SkippedEntitlement)])
    ours = our_sections(document)
    kept = {ref: name for name, values in ours.items() if (ref := entitlement_in(values))}
    sets = _usable(rows, kept, set(ours) - set(kept.values()), result)
    taken = {section.name.name for section in document.sections if section.name.kind == "profile"}
    for named in name_profiles(sets, kept=kept, taken=taken):
        if named.permission_set.entitlement in kept:
            result.existing += 1
            continue
        profile = new_profile(named, session=session, region=region, tenant=tenant)
        try:
            document.append_section(profile_section(profile.name), profile_values(profile, command))
        except ConfigurationError as error:
            shown = named.permission_set.display_name
            result.left_out.append(SkippedEntitlement(shown, error.message))
            continue
        result.created.append(profile.name)
        if len(result.created) == 1:
            result.session_corrected = _put_session(document, session)
    if result.existing and not result.created:
        result.session_corrected = _put_session(document, session)
    return result


def _usable(
    rows: Iterable[PermissionSet | SkippedEntitlement],
    kept: dict[EntitlementRef, str],
    nameless: set[str],
    result: SetupResult,
) -> list[PermissionSet]:
    """Return the permission sets to have a profile for.

    ``nameless`` are profiles of ours without an entitlement, of an older version: the guide promises
    that they stay until the person deletes them.
    """
    sets = []
    for row in rows:
        if not isinstance(row, PermissionSet):
            continue
        name = profile_name(row)
        if row.entitlement in kept or name not in nameless:
            sets.append(row)
            continue
        reason = (
            f"profile {name} is missing cone_app_id or cone_entitlement_id; "
            "delete it from the AWS config file and run cone aws setup again"
        )
        result.left_out.append(SkippedEntitlement(row.display_name, reason))
    return sets


def _put_session(document: AwsConfigDocument, session: SsoSession) -> bool:
    """Add the session's section, or correct an old one; returns whether there was one to correct."""
    name = session_section(session.name)
    present = document.values(name)
    if present is None:
        document.append_section(name, session_values(session))
        return False
    wanted = {"sso_start_url": session.start_url, "sso_region": session.region}
    old = {key: value for key, value in wanted.items() if present.get(key) != value}
    for key, value in old.items():
        document.set_value(name, key, value)
    return bool(old)
