"""Which rows of the catalogue are AWS permission sets (reference §3.3)."""

import re
from collections.abc import Mapping
from typing import Any

from cone_sidecar.domain.profile import EntitlementRef, PermissionSet, SkippedEntitlement

ON_ACCOUNT = re.compile(
    r"(?P<account>[0-9]{12})\|(?P<arn>arn:(?P<partition>aws[\w-]*):sso:::permissionSet/\S+)"
)
# The connector's sparse mode: a binding of a permission set to an account is a resource of its own.
BINDING = re.compile(
    r"(?P<arn>arn:(?P<partition>aws[\w-]*):sso:::permissionSet/\S+)-(?P<account>[0-9]{12})"
)
SOME_PERMISSION_SET = re.compile(r"arn:aws[\w-]*:sso:::permissionSet/")
RESOURCE_TYPE = "aws permission set"
ON = " on "


def permission_set_from_row(
    entitlement: Mapping[str, Any],
    resource_type_name: str,
    resource_name: str,
    *,
    granted: bool,
    app_name: str = "",
) -> PermissionSet | SkippedEntitlement | None:
    """Read one entitlement of the catalogue.

    Args:
        entitlement: The row's ``appEntitlement``.
        resource_type_name: Display name of its resource type, empty where unknown.
        resource_name: Display name of its resource: the AWS account's name, except for a binding.
        granted: Whether the person has it.
        app_name: Display name of its app, empty where unknown.

    Returns:
        The permission set; why it can't be used; None where it has nothing to do with AWS.
    """
    external_ids = _external_ids(entitlement)
    if not (
        RESOURCE_TYPE in resource_type_name.lower()
        or any(SOME_PERMISSION_SET.search(external_id) for external_id in external_ids)
    ):
        return None
    display_name = _text(entitlement, "displayName")
    shown = display_name.strip() or _text(entitlement, "slug") or _text(entitlement, "id")
    ref = EntitlementRef(_text(entitlement, "appId"), _text(entitlement, "id"))
    if not (ref.app_id and ref.entitlement_id):
        return SkippedEntitlement(shown, "it has no app id or no entitlement id")
    if found := _first_match(ON_ACCOUNT, external_ids):
        role_name, account_name = _first_word(display_name), resource_name
    elif found := _first_match(BINDING, external_ids):
        role_name = resource_name.partition(ON)[0] if ON in resource_name else ""
        account_name = found["account"]
    else:
        return SkippedEntitlement(
            shown, "could not extract AWS account ID from sourceConnectorIds", ref
        )
    if not role_name or role_name != _first_word(role_name):
        return SkippedEntitlement(shown, "could not extract the permission set's name", ref)
    return PermissionSet(
        entitlement=ref,
        account_id=found["account"],
        account_name=account_name,
        role_name=role_name,
        display_name=shown,
        partition=found["partition"],
        granted=granted,
        alias=_text(entitlement, "alias"),
        app_name=app_name,
    )


def _external_ids(entitlement: Mapping[str, Any]) -> list[str]:
    """Return the external ids in the order of their connectors: a map has none of its own."""
    found = entitlement.get("sourceConnectorIds")
    if not isinstance(found, Mapping):
        return []
    return [value for _, value in sorted(found.items()) if isinstance(value, str)]


def _first_match(pattern: re.Pattern[str], external_ids: list[str]) -> re.Match[str] | None:
    return next(filter(None, map(pattern.fullmatch, external_ids)), None)


def _first_word(text: str) -> str:
    words = text.split(maxsplit=1)
    return words[0] if words else ""


def _text(entitlement: Mapping[str, Any], key: str) -> str:
    value = entitlement.get(key)
    return value if isinstance(value, str) else ""
