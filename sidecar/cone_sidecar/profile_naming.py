"""Names for permission sets: the template's, made unique."""

import hashlib
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

from cone_sidecar.domain.profile import DEFAULT_TENANT, EntitlementRef, PermissionSet
from cone_sidecar.profile_template import DEFAULT_TEMPLATE, ProfileTemplate

SHORT_HASH = 8
NAME_HASH = 12


@dataclass(frozen=True, slots=True)
class NamedPermissionSet:
    """A permission set under its profile's name; ``generated`` is what the template alone gives."""

    name: str
    permission_set: PermissionSet
    generated: str


def name_profiles(
    permission_sets: Iterable[PermissionSet],
    template: ProfileTemplate = DEFAULT_TEMPLATE,
    *,
    tenant: str = DEFAULT_TENANT,
    kept: Mapping[EntitlementRef, str] | None = None,
    taken: Collection[str] = (),
) -> list[NamedPermissionSet]:
    """Name permission sets, in their order; each entitlement once.

    Those that would share a name all get the account id behind it, and a short hash where that is not
    enough: nobody's name depends on the order of the catalogue.

    Args:
        permission_sets: What to name.
        template: What their names are made of.
        tenant: The tenant that they belong to.
        kept: Names that entitlements have already.
        taken: Further names that are somebody else's.
    """
    unique: dict[EntitlementRef, PermissionSet] = {}
    for found in permission_sets:
        unique.setdefault(found.entitlement, found)
    generated = {ref: template.name(found, tenant) for ref, found in unique.items()}
    names = {ref: name for ref, name in (kept or {}).items() if ref in unique}
    used = {*taken, *(kept or {}).values()}
    remaining = [ref for ref in unique if ref not in names]
    for candidate in CANDIDATES:
        if not remaining:
            break
        wanted = {ref: candidate(generated[ref], unique[ref]) for ref in remaining}
        times = Counter(wanted.values())
        names |= {
            ref: name for ref, name in wanted.items() if times[name] == 1 and name not in used
        }
        used.update(names.values())
        remaining = [ref for ref in remaining if ref not in names]
    return [
        NamedPermissionSet(names[ref], found, generated[ref])
        for ref, found in unique.items()
        if ref in names
    ]


def is_name_for(name: str, generated: str, permission_set: PermissionSet) -> bool:
    """Tell whether ``name`` is what was generated, as it is or with what a clash puts behind it."""
    return any(name == candidate(generated, permission_set) for candidate in CANDIDATES)


def name_hash(generated: str) -> str:
    """Return what a section remembers its generated name by.

    Who renames a profile by replacing its name throughout the file leaves this as it is.
    """
    return hashlib.sha256(generated.encode()).hexdigest()[:NAME_HASH]


def is_name_by_hash(name: str, recorded: str, permission_set: PermissionSet) -> bool:
    """Tell whether ``name`` is what was generated and recorded, or that with a clash's suffix."""
    suffixes = [candidate("", permission_set) for candidate in CANDIDATES]
    return any(
        name.endswith(suffix) and name_hash(name.removesuffix(suffix)) == recorded
        for suffix in suffixes
    )


def _alone(generated: str, _: PermissionSet) -> str:
    return generated


def _with_account(generated: str, permission_set: PermissionSet) -> str:
    return f"{generated}-{permission_set.account_id}"


def _with_hash(generated: str, permission_set: PermissionSet) -> str:
    return f"{_with_account(generated, permission_set)}-{_hash(permission_set)[:SHORT_HASH]}"


def _with_whole_hash(generated: str, permission_set: PermissionSet) -> str:
    return f"{_with_account(generated, permission_set)}-{_hash(permission_set)}"


CANDIDATES: tuple[Callable[[str, PermissionSet], str], ...] = (
    _alone,
    _with_account,
    _with_hash,
    _with_whole_hash,
)


def _hash(permission_set: PermissionSet) -> str:
    ref = permission_set.entitlement
    return hashlib.sha256(f"{ref.app_id}/{ref.entitlement_id}".encode(errors="replace")).hexdigest()
