"""Request forms, on the wire (reference §3.4)."""

from typing import Any

from cone_sidecar.simulator import protojson
from cone_sidecar.simulator.api_call import ApiCall, checked_id, not_found
from cone_sidecar.simulator.simulated_entitlement import SimulatedEntitlement


def form(entitlement: SimulatedEntitlement) -> dict[str, Any]:
    """Return the form of an entitlement: a ticket that is needed, and a remark that isn't."""
    return protojson.message(
        "form.v1.Form",
        id=entitlement.form_id or entitlement.id,
        displayName=f"Access to {entitlement.role_name}",
        fields=[
            _text_field("ticket", "Ticket", "The ticket that this is for", required=True),
            _text_field("remark", "Remark", "Anything else", required=False),
        ],
    )


def _text_field(name: str, label: str, description: str, *, required: bool) -> dict[str, Any]:
    text = protojson.message("form.v1.TextField")
    string = protojson.message("form.v1.StringField") | {"textField": text}
    return protojson.message(
        "form.v1.Field",
        name=name,
        displayName=label,
        description=description,
        required=required,
    ) | {"stringField": string}


def find_binding(call: ApiCall) -> dict[str, Any]:
    """Answer which form is bound to an entitlement; 404 means none (a PUT that reads)."""
    ref = call.object("entitlementRef")
    entitlement = call.entitlement(
        checked_id("app_id", ref.get("appId")), checked_id("id", ref.get("id"))
    )
    if not entitlement.form_id:
        raise not_found()
    return {
        "entitlementRef": {"appId": call.world.app_id, "id": entitlement.id},
        "requestSchemaId": entitlement.form_id,
    }


def get_form(call: ApiCall) -> dict[str, Any]:
    """Answer a form."""
    wanted = call.id("request_schema_id")
    for entitlement in call.world.entitlements.values():
        if entitlement.form_id == wanted:
            created = protojson.timestamp(call.world.started_at)
            schema = protojson.message(
                "request_schema.v1.RequestSchema",
                id=wanted,
                form=form(entitlement),
                createdAt=created,
                modifiedAt=created,
                justificationVisibility="JUSTIFICATION_VISIBILITY_SHOW",
            )
            return {"requestSchema": schema}
    raise not_found()
