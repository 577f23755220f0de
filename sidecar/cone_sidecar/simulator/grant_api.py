"""Grants, on the wire: bindings of one entitlement, and the search over all (reference §3.4)."""

from collections.abc import Callable
from typing import Any

from cone_sidecar.simulator import protojson
from cone_sidecar.simulator.api_call import ApiCall
from cone_sidecar.simulator.entitlement_view import Expansion
from cone_sidecar.simulator.pagination import page_of
from cone_sidecar.simulator.simulated_grant import SimulatedGrant
from cone_sidecar.simulator.user_api import app_user
from cone_sidecar.simulator.world import World


def binding(world: World, grant: SimulatedGrant) -> dict[str, Any]:
    """Return the binding of the account that has the grant."""
    return _account(world, grant.app_user_id) | {
        "appEntitlementId": grant.entitlement.id,
        "createdAt": protojson.timestamp(grant.granted_at),
        "deprovisionAt": protojson.timestamp(grant.ends),
    }


def _account(world: World, app_user_id: str) -> dict[str, Any]:
    """Return the binding of an account that has no grant: it names the account alone."""
    return protojson.message(
        "app.v1.AppEntitlementUserBinding", appId=world.app_id, appUserId=app_user_id
    )


def list_bindings(call: ApiCall) -> dict[str, Any]:
    """Answer every account that the person has in the app, granted or not."""
    entitlement = call.entitlement(call.id("app_id"), call.id("app_entitlement_id"))
    user = call.world.users.get(call.id("identity_user_id"))
    if user is None:
        return {"bindings": []}
    world, grant = call.world, call.world.visible_grants(user.id).get(entitlement.id)
    return {
        "bindings": [
            binding(world, grant)
            if grant and grant.app_user_id == app_user_id
            else _account(world, app_user_id)
            for app_user_id in user.app_user_ids
        ]
    }


def search_grants(call: ApiCall) -> dict[str, Any]:
    """Answer the grants of a person: one row for each."""
    world, body = call.world, call.body
    user = world.users.get(call.text("userId") or call.user.id)
    granted = world.visible_grants(user.id).values() if user else []
    is_wanted = _filter(call)
    wanted = [grant for grant in granted if is_wanted(grant)]
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


def _filter(call: ApiCall) -> Callable[[SimulatedGrant], bool]:
    world = call.world
    refs = {(ref.get("appId"), ref.get("id")) for ref in call.objects("entitlementRefs")}
    apps, users = call.texts("appIds"), call.texts("appUserIds")
    resources, types = call.texts("resourceIds"), call.texts("resourceTypeIds")

    def is_wanted(grant: SimulatedGrant) -> bool:
        entitlement = grant.entitlement
        return (
            (not refs or (world.app_id, entitlement.id) in refs)
            and (not apps or world.app_id in apps)
            and (not users or grant.app_user_id in users)
            and (not resources or entitlement.account.resource_id in resources)
            and (not types or world.resource_type_id in types)
        )

    return is_wanted


def _grant_view(world: World, grant: SimulatedGrant) -> dict[str, Any]:
    account = app_user(world, world.users[grant.user_id], grant.app_user_id)
    return protojson.message(
        "app.v1.AppEntitlementUserView",
        appEntitlementUserBindingCreatedAt=protojson.timestamp(grant.granted_at),
        appEntitlementUserBindingDeprovisionAt=protojson.timestamp(grant.ends),
        appUser=protojson.message("app.v1.AppUserView", appUser=account),
    )
