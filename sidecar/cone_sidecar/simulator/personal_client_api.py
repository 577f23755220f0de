"""Personal clients, on the wire: what a login ends in (reference §1.2)."""

from typing import Any

from cone_sidecar.simulator import protojson
from cone_sidecar.simulator.api_call import ApiCall, not_found
from cone_sidecar.simulator.ids import random_id
from cone_sidecar.simulator.pagination import page_of
from cone_sidecar.simulator.simulated_user import client_secret_of


def list_clients(call: ApiCall) -> dict[str, Any]:
    """Answer the caller's clients."""
    query = call.request.query_params
    clients = call.world.api_clients.of_user(call.user.id)
    page, following = page_of(clients, query.get("page_size"), query.get("page_token"))
    return {"list": [client.as_json() for client in page], "nextPageToken": following}


def create_client(call: ApiCall) -> dict[str, Any]:
    """Make a client; its secret is told this once."""
    register = call.world.api_clients
    roles, networks = call.texts("scopedRoles"), call.texts("allowSourceCidr")
    # The host that was called becomes part of the id: clients find their tenant by it.
    host = call.request.headers.get("host") or call.world.domain
    client_id = register.new_client_id(host)
    secret = client_secret_of(random_id())
    client = register.add(
        call.user.id,
        client_id,
        secret,
        call.world.clock.now(),
        display_name=call.text("displayName"),
        expires=protojson.parse_duration(call.body.get("expires")),
    )
    client.scoped_roles, client.allow_source_cidr = tuple(roles), tuple(networks)
    return {"client": client.as_json(), "clientSecret": secret.reveal()}


def delete_client(call: ApiCall) -> dict[str, Any]:
    """Remove a client."""
    try:
        call.world.api_clients.remove(call.user.id, call.id("id"))
    except KeyError:
        raise not_found() from None
    return {}
