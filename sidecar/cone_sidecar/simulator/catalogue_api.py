"""Apps, resources, entitlements and the request catalogue, on the wire (reference §3.2 to §3.4)."""

from collections.abc import Iterable, Mapping
from http import HTTPStatus
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
from cone_sidecar.simulator.protojson import Refused
from cone_sidecar.simulator.simulated_entitlement import SimulatedEntitlement
from cone_sidecar.simulator.simulated_grant import SimulatedGrant

STATUSES = frozenset({"UNSPECIFIED", "ALL", "GRANTED", "NOT_GRANTED"})


def search_entitlements(call: ApiCall) -> dict[str, Any]:
    """Answer the search for requestable entitlements."""
    body, granted = call.body, call.world.visible_grants(call.user.id)
    matching = list(_matching(call, granted))
    rows, following = page_of(matching, body.get("pageSize"), body.get("pageToken"))
    expansion = Expansion(call.world, call.object("expandMask"))
    found = []
    for shown in rows:
        grant = granted.get(shown.id)
        bindings = [binding(call.world, grant)] if grant else []
        found.append(
            protojson.message(
                "requestcatalog.v1.AppEntitlementWithUserBindings",
                entitlement=expansion.view(shown),
                appEntitlementUserBindings=bindings,
            )
        )
    return {"list": found, "expanded": expansion.expanded, "nextPageToken": following}


def _matching(
    call: ApiCall, grants: Mapping[str, SimulatedGrant]
) -> Iterable[SimulatedEntitlement]:
    query, alias = call.text("query").lower(), call.text("entitlementAlias")
    status = call.text("grantedStatus") or "UNSPECIFIED"
    if status not in STATUSES:
        raise Refused(
            HTTPStatus.BAD_REQUEST, f'proto: invalid value for enum field grantedStatus: "{status}"'
        )
    if call.text("appDisplayName") not in {"", APP_NAME}:
        return
    for each in call.world.entitlements.values():
        terms = each.terms
        text = f"{terms.name} permission set {each.account.name} {terms.alias} {terms.description}"
        if not (terms.requestable and each.listed) or (alias and alias != terms.alias):
            continue
        if any(word not in text.lower() for word in query.split()):
            continue
        granted = each.id in grants
        if (status == "GRANTED" and not granted) or (status == "NOT_GRANTED" and granted):
            continue
        yield each


def get_entitlement(call: ApiCall) -> dict[str, Any]:
    """Answer one entitlement."""
    shown = call.entitlement(call.id("app_id"), call.id("id"))
    return {
        "appEntitlementView": Expansion(call.world, {}).view(shown),
        "expanded": list[object](),
    }


def list_apps(call: ApiCall) -> dict[str, Any]:
    """Answer the apps: there is one."""
    query = call.request.query_params
    page, following = page_of([app(call.world)], query.get("page_size"), query.get("page_token"))
    return {"list": page, "nextPageToken": following}


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
    parents = (call.id("app_id"), call.id("app_resource_type_id"))
    for account in world.accounts.values():
        if account.resource_id == wanted and parents == (world.app_id, world.resource_type_id):
            view = protojson.message("app.v1.AppResourceView", appResource=resource(world, account))
            return {"appResourceView": view, "expanded": list[object]()}
    raise not_found()
