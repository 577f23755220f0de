"""Names for permission sets: the original's, made safe and unique."""

import hashlib
import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

from cone_sidecar.domain.profile import EntitlementRef, PermissionSet

NO_ACCOUNT_NAME = "aws"
# The original drops the first four; three would end or change a quoted word of a shell, and with a comma
# Go's SDK of 2023 can't read the file.
DROPPED = frozenset("[]\"\\'`$,\ufeff")
# A word that begins so is an option or a comment.
NOT_FIRST = "-#;"
SHORT_HASH = 8


@dataclass(frozen=True, slots=True)
class NamedPermissionSet:
    """A permission set under its profile's name."""

    name: str
    permission_set: PermissionSet


def profile_name(permission_set: PermissionSet) -> str:
    """Return the original's name: ``<account name>-<role name>`` in lower case (reference §6.1).

    Whitespace becomes a dash; what could end a line, a header or a shell's word is dropped.
    """
    account = _safe(permission_set.account_name) or NO_ACCOUNT_NAME
    role = _safe(permission_set.role_name)
    return f"{account}-{role}".lstrip(NOT_FIRST) or NO_ACCOUNT_NAME


def name_profiles(
    permission_sets: Iterable[PermissionSet],
    *,
    kept: Mapping[EntitlementRef, str] | None = None,
    taken: Collection[str] = (),
) -> list[NamedPermissionSet]:
    """Name permission sets, in their order; each entitlement once.

    Those that would share a name all get the account id behind it, and a short hash where that is not
    enough: nobody's name depends on the order of the catalogue.

    Args:
        permission_sets: What to name.
        kept: Names that entitlements have already.
        taken: Further names that are somebody else's.
    """
    unique: dict[EntitlementRef, PermissionSet] = {}
    for found in permission_sets:
        unique.setdefault(found.entitlement, found)
    names = {ref: name for ref, name in (kept or {}).items() if ref in unique}
    used = {*taken, *(kept or {}).values()}
    remaining = [found for ref, found in unique.items() if ref not in names]
    for candidate in CANDIDATES:
        wanted = {found.entitlement: candidate(found) for found in remaining}
        times = Counter(wanted.values())
        names |= {
            ref: name for ref, name in wanted.items() if times[name] == 1 and name not in used
        }
        used.update(names.values())
        remaining = [found for found in remaining if found.entitlement not in names]
    return [NamedPermissionSet(names[ref], found) for ref, found in unique.items() if ref in names]


def _with_account(permission_set: PermissionSet) -> str:
    return f"{profile_name(permission_set)}-{permission_set.account_id}"


def _with_hash(permission_set: PermissionSet) -> str:
    return f"{_with_account(permission_set)}-{_hash(permission_set)[:SHORT_HASH]}"


def _with_whole_hash(permission_set: PermissionSet) -> str:
    return f"{_with_account(permission_set)}-{_hash(permission_set)}"


CANDIDATES: tuple[Callable[[PermissionSet], str], ...] = (
    profile_name,
    _with_account,
    _with_hash,
    _with_whole_hash,
)


def _hash(permission_set: PermissionSet) -> str:
    ref = permission_set.entitlement
    return hashlib.sha256(f"{ref.app_id}/{ref.entitlement_id}".encode(errors="replace")).hexdigest()


def _safe(text: str) -> str:
    kept = []
    for character in text:
        category = unicodedata.category(character)[0]
        if category == "Z":
            kept.append("-")
        elif category != "C" and character not in DROPPED:
            kept.append(character)
    return "".join(kept).lower()
