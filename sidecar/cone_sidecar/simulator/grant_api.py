"""Grants, on the wire: bindings of one entitlement, and the search over all (reference §3.4)."""

from typing import Any

from cone_sidecar.simulator import protojson
from cone_sidecar.simulator.api_call import ApiCall
from cone_sidecar.simulator.entitlement_view import Expansion
from cone_sidecar.simulator.pagination import page_of
from cone_sidecar.simulator.user_api import app_user
from cone_sidecar.simulator.world import (
    SimulatedEntitlement,
    SimulatedGrant,
    SimulatedUser,
    World,
)


def binding(
    world: World,
    user: SimulatedUser,
    entitlement: SimulatedEntitlement,
    grant: SimulatedGrant | None,
) -> dict[str, Any]:
    """Return the binding of the person's account; without a grant it names the account alone."""
    content = protojson.message(
        "app.v1.AppEntitlementUserBinding", appId=world.app_id, appUserId=user.app_user_id
    )
    if grant:
        content |= {
            "appEntitlementId": entitlement.id,
            "createdAt": protojson.timestamp(grant.granted_at),
            "deprovisionAt": protojson.timestamp(grant.ends),
        }
    return content


def list_bindings(call: ApiCall) -> dict[str, Any]:
    """Answer every account that the person has in the app, granted or not."""
    entitlement = call.entitlement(call.id("app_id"), call.id("app_entitlement_id"))
    user = call.world.users.get(call.id("identity_user_id"))
    if user is None:
        return {"bindings": []}
    grant = call.world.visible_grant(user.id, entitlement)
    return {"bindings": [binding(call.world, user, entitlement, grant)]}


def search_grants(call: ApiCall) -> dict[str, Any]:
    """Answer all grants of a person."""
    world, body = call.world, call.body
    user = world.users.get(str(body.get("userId") or call.user.id))
    refs = {
        str(ref.get("id")) for ref in body.get("entitlementRefs") or [] if isinstance(ref, dict)
    }
    granted = []
    for entitlement in world.entitlements.values():
        if user is None or (refs and entitlement.id not in refs):
            continue
        if grant := world.visible_grant(user.id, entitlement):
            granted.append((entitlement, grant))
    page, following = page_of(granted, body.get("pageSize"), body.get("pageToken"))
    expansion = Expansion(world, body.get("expandMask"))
    return {
        "list": [
            {
                "appEntitlementUserBinding": {
                    "appEntitlementUserBindingCreatedAt": protojson.timestamp(grant.granted_at),
                    "appEntitlementUserBindingDeprovisionAt": protojson.timestamp(grant.ends),
                    "appUser": {"appUser": app_user(world, user)} if user else None,
                    "grantSources": [],
                },
                "entitlement": expansion.view(entitlement),
            }
            for entitlement, grant in page
        ],
        "expanded": expansion.expanded,
        "nextPageToken": following,
    }
