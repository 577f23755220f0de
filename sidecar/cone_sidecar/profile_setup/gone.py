"""Profiles of ours whose permission set the catalogue no longer lists."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

from cone_sidecar.aws_config.profile_section import value_in
from cone_sidecar.domain.profile import PermissionSet, SkippedEntitlement
from cone_sidecar.profile_setup.options import SetupOptions
from cone_sidecar.profile_setup.present_profile import PresentProfile


@dataclass(frozen=True, slots=True)
class KeptProfile:
    """A profile that might have been removed, and why it wasn't."""

    name: str
    reason: str


def gone_profiles(
    present: Iterable[PresentProfile],
    catalogue: Iterable[PermissionSet | SkippedEntitlement],
    options: SetupOptions,
) -> list[PresentProfile]:
    """Return the profiles of this tenant and Identity Center that are meant and aren't listed.

    A catalogue without a single permission set says nothing about any.
    """
    rows = list(catalogue)
    if not any(isinstance(row, PermissionSet) for row in rows):
        return []
    listed = {row.entitlement for row in rows}
    return [
        each
        for each in present
        if each.entitlement
        and each.entitlement not in listed
        and each.tenant.lower() == options.tenant.lower()
        and each.is_at(options.session.start_url)
        and options.selection.means(partial(subjects_of_gone, each))
    ]


def subjects_of_gone(present: PresentProfile) -> set[str]:
    """Return what patterns may call a profile that the catalogue tells nothing of."""
    account_id = value_in(present.values, "cone_sso_account_id")
    role_name = value_in(present.values, "cone_sso_role_name")
    return {present.name, account_id, role_name, f"{account_id}/{role_name}"}
