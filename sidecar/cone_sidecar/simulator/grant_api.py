"""Grants, on the wire: bindings of one entitlement, and the search over all (reference §3.4)."""

from typing import Any

from cone_sidecar.simulator import protojson
from cone_sidecar.simulator.api_call import ApiCall
from cone_sidecar.simulator.entitlement_view import Expansion
from cone_sidecar.simulator.pagination import page_of
from cone_sidecar.simulator.simulated_entitlement import SimulatedEntitlement
from cone_sidecar.simulator.simulated_grant import SimulatedGrant
from cone_sidecar.simulator.simulated_user import SimulatedUser
from cone_sidecar.simulator.user_api import app_user
from cone_sidecar.simulator.world import World


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
    grant = call.world.visible_grants(user.id).get(entitlement.id)
    return {"bindings": [binding(call.world, user, entitlement, grant)]}


def search_grants(call: ApiCall) -> dict[str, Any]:
    """Answer the grants of a person: one row for each."""
    world, body = call.world, call.body
    user = world.users.get(call.text("userId") or call.user.id)
    granted = list(world.visible_grants(user.id).values()) if user else []
    wanted = [grant for grant in granted if _wanted(call, grant)]
    page, following = page_of(wanted, body.get("pageSize"), body.get("pageToken"))
    expansion = Expansion(world, call.object("expandMask"))
    return {
        "list": [
            {
                "appEntitlementUserBinding": _grant_view(world, grant),
                "entitlement": expansion.view(grant.entitlement),
            }
            for grant in page
        ],
        "expanded": expansion.expanded,
        "nextPageToken": following,
    }


def _wanted(call: ApiCall, grant: SimulatedGrant) -> bool:
    world, entitlement = call.world, grant.entitlement
    refs = {(ref.get("appId"), ref.get("id")) for ref in call.objects("entitlementRefs")}
    asked = (
        ("appIds", world.app_id),
        ("appUserIds", world.users[grant.user_id].app_user_id),
        ("resourceIds", entitlement.account.resource_id),
        ("resourceTypeIds", world.resource_type_id),
    )
    return (not refs or (world.app_id, entitlement.id) in refs) and all(
        value in values for name, value in asked if (values := call.texts(name))
    )


def _grant_view(world: World, grant: SimulatedGrant) -> dict[str, Any]:
    account = app_user(world, world.users[grant.user_id])
    return protojson.message(
        "app.v1.AppEntitlementUserView",
        appEntitlementUserBindingCreatedAt=protojson.timestamp(grant.granted_at),
        appEntitlementUserBindingDeprovisionAt=protojson.timestamp(grant.ends),
        appUser=protojson.message("app.v1.AppUserView", appUser=account),
    )
