"""Apps, resources, entitlements and the request catalogue, on the wire (reference §3.2 to §3.4)."""

from collections.abc import Iterable
from typing import Any

from cone_sidecar.simulator import protojson
from cone_sidecar.simulator.api_call import ApiCall, not_found
from cone_sidecar.simulator.entitlement_view import (
    APP_NAME,
    Expansion,
    app,
    resource,
    resource_type,
)
from cone_sidecar.simulator.grant_api import binding
from cone_sidecar.simulator.pagination import page_of
from cone_sidecar.simulator.world import SimulatedEntitlement


def search_entitlements(call: ApiCall) -> dict[str, Any]:
    """Answer the search for requestable entitlements."""
    body = call.body
    rows, following = page_of(list(_matching(call)), body.get("pageSize"), body.get("pageToken"))
    expansion = Expansion(call.world, body.get("expandMask"))
    found = []
    for shown in rows:
        grant = call.world.visible_grant(call.user.id, shown)
        bindings = [binding(call.world, call.user, shown, grant)] if grant else []
        found.append(
            protojson.message(
                "requestcatalog.v1.AppEntitlementWithUserBindings",
                entitlement=expansion.view(shown),
                appEntitlementUserBindings=bindings,
            )
        )
    return {"list": found, "expanded": expansion.expanded, "nextPageToken": following}


def _matching(call: ApiCall) -> Iterable[SimulatedEntitlement]:
    body, world = call.body, call.world
    query = str(body.get("query") or "").lower()
    alias = body.get("entitlementAlias") or ""
    if body.get("appDisplayName") not in {None, "", APP_NAME}:
        return
    status = body.get("grantedStatus") or "UNSPECIFIED"
    for each in world.entitlements.values():
        terms = each.terms
        text = f"{terms.name} permission set {each.account.name} {terms.alias} {terms.description}"
        if not terms.requestable or (alias and alias != terms.alias):
            continue
        if any(word not in text.lower() for word in query.split()):
            continue
        granted = world.visible_grant(call.user.id, each) is not None
        if (status == "GRANTED" and not granted) or (status == "NOT_GRANTED" and granted):
            continue
        yield each


def get_entitlement(call: ApiCall) -> dict[str, Any]:
    """Answer one entitlement."""
    shown = call.entitlement(call.id("app_id"), call.id("id"))
    return {
        "appEntitlementView": Expansion(call.world, None).view(shown),
        "expanded": list[object](),
    }


def get_app(call: ApiCall) -> dict[str, Any]:
    """Answer the app."""
    if call.id("id") != call.world.app_id:
        raise not_found()
    return {"app": app(call.world)}


def get_resource_type(call: ApiCall) -> dict[str, Any]:
    """Answer the resource type."""
    world = call.world
    if (call.id("app_id"), call.id("id")) != (world.app_id, world.resource_type_id):
        raise not_found()
    view = protojson.message("app.v1.AppResourceTypeView", appResourceType=resource_type(world))
    return {"appResourceTypeView": view, "expanded": list[object]()}


def get_resource(call: ApiCall) -> dict[str, Any]:
    """Answer the resource of an AWS account."""
    world, wanted = call.world, call.id("id")
    call.id("app_id")
    call.id("app_resource_type_id")
    for account in world.accounts.values():
        if account.resource_id == wanted:
            view = protojson.message("app.v1.AppResourceView", appResource=resource(world, account))
            return {"appResourceView": view, "expanded": list[object]()}
    raise not_found()
