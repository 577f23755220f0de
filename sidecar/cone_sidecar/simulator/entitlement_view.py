"""An entitlement and what it belongs to, on the wire (reference §3.2 and §3.3)."""

import hashlib
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from cone_sidecar.simulator import protojson
from cone_sidecar.simulator.ids import named_id
from cone_sidecar.simulator.simulated_entitlement import SimulatedAccount, SimulatedEntitlement
from cone_sidecar.simulator.world import World

APP_NAME = "AWS"
RESOURCE_TYPE_NAME = "Account"


def app(world: World) -> dict[str, Any]:
    """Return the AWS app."""
    return protojson.message(
        "app.v1.App",
        id=world.app_id,
        displayName=APP_NAME,
        createdAt=protojson.timestamp(world.started_at),
        updatedAt=protojson.timestamp(world.started_at),
        userCount=str(len(world.users)),
    )


def resource_type(world: World) -> dict[str, Any]:
    """Return the resource type of AWS accounts."""
    return protojson.message(
        "app.v1.AppResourceType",
        id=world.resource_type_id,
        appId=world.app_id,
        displayName=RESOURCE_TYPE_NAME,
        createdAt=protojson.timestamp(world.started_at),
        updatedAt=protojson.timestamp(world.started_at),
    )


def resource(world: World, account: SimulatedAccount) -> dict[str, Any]:
    """Return the resource of an AWS account."""
    return protojson.message(
        "app.v1.AppResource",
        id=account.resource_id,
        appId=world.app_id,
        appResourceTypeId=world.resource_type_id,
        displayName=account.name,
        externalId=account.id,
        createdAt=protojson.timestamp(world.started_at),
        updatedAt=protojson.timestamp(world.started_at),
    )


def permission_set_arn(tenant: str, name: str, partition: str) -> str:
    """Return the ARN of a permission set, the same for every account of its partition."""
    instance = hashlib.sha256(tenant.encode()).hexdigest()[:16]
    permission_set = hashlib.sha256(f"{tenant}\0{name}".encode()).hexdigest()[:16]
    return f"arn:{partition}:sso:::permissionSet/ssoins-{instance}/ps-{permission_set}"


def entitlement(world: World, entitlement: SimulatedEntitlement) -> dict[str, Any]:
    """Return a permission set on an account as the AWS connector describes it (reference §3.3)."""
    terms = entitlement.terms
    arn = permission_set_arn(world.scenario.tenant, terms.name, entitlement.account.partition)
    now = world.clock.now()
    holders = {
        grant.user_id
        for grant in world.grants
        if grant.entitlement is entitlement and grant.stands(now)
    }
    limit: dict[str, Any] = {"durationUnset": {}}
    if terms.max_duration is not None:
        limit = {"durationGrant": protojson.duration(timedelta(seconds=terms.max_duration))}
    content = protojson.message(
        "app.v1.AppEntitlement",
        id=entitlement.id,
        appId=world.app_id,
        appResourceTypeId=world.resource_type_id,
        appResourceId=entitlement.account.resource_id,
        displayName=f"{terms.name} Permission Set",
        slug=f"{terms.name} access",
        description=terms.description,
        alias=terms.alias,
        emergencyGrantEnabled=terms.emergency,
        emergencyGrantPolicyId=(
            named_id("policy", world.scenario.tenant, "emergency") if terms.emergency else ""
        ),
        purpose="APP_ENTITLEMENT_PURPOSE_VALUE_ASSIGNMENT",
        grantCount=str(len(holders)),
        requestSchemaId=entitlement.form_id,
        sourceConnectorIds={
            world.connector_id: f"{entitlement.account.id}|{arn}",
            **{
                named_id("connector", world.scenario.tenant, each): each
                for each in terms.other_connectors
            },
        },
        createdAt=protojson.timestamp(world.started_at),
        updatedAt=protojson.timestamp(world.started_at),
    )
    return content | limit


class Expansion:
    """Related objects of an answer: each once, pointed at by JSONPath."""

    def __init__(self, world: World, mask: Mapping[str, Any]) -> None:
        paths = mask.get("paths")
        self._paths = {str(path) for path in paths} if isinstance(paths, list) else set()
        self._world = world
        self._index: dict[str, int] = {}
        self.expanded: list[dict[str, Any]] = []

    def view(self, shown: SimulatedEntitlement) -> dict[str, Any]:
        """Return the view of an entitlement, with paths to what the mask asks for."""
        world = self._world
        return protojson.message(
            "app.v1.AppEntitlementView",
            appEntitlement=entitlement(world, shown),
            appPath=self._path("app_id", "app.v1.App", app(world)),
            appResourceTypePath=self._path(
                "app_resource_type_id", "app.v1.AppResourceType", resource_type(world)
            ),
            appResourcePath=self._path(
                "app_resource_id", "app.v1.AppResource", resource(world, shown.account)
            ),
        )

    def _path(self, mask: str, name: str, content: dict[str, Any]) -> str:
        if not self._paths & {mask, "*"}:
            return ""
        if content["id"] not in self._index:
            self._index[content["id"]] = len(self.expanded)
            self.expanded.append(protojson.packed(name, content))
        return f"$.expanded[{self._index[content['id']]}]"
