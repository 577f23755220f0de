"""Personal clients, on the wire: what a login ends in (reference §1.2)."""

from typing import Any

from cone_sidecar.simulator import protojson
from cone_sidecar.simulator.api_call import ApiCall, not_found
from cone_sidecar.simulator.ids import random_id
from cone_sidecar.simulator.world import client_secret_of


def list_clients(call: ApiCall) -> dict[str, Any]:
    """Answer the caller's clients."""
    clients = call.world.api_clients.of_user(call.user.id)
    return {"list": [client.as_json() for client in clients], "nextPageToken": ""}


def create_client(call: ApiCall) -> dict[str, Any]:
    """Make a client; its secret is told this once."""
    register = call.world.api_clients
    # The host that was called becomes part of the id: clients find their tenant by it.
    host = call.request.headers.get("host") or call.world.domain
    client_id = register.new_client_id(host)
    secret = client_secret_of(random_id())
    client = register.add(
        call.user.id,
        client_id,
        secret,
        call.world.clock.now(),
        display_name=str(call.body.get("displayName") or ""),
        expires=protojson.parse_duration(call.body.get("expires")),
    )
    return {"client": client.as_json(), "clientSecret": secret.reveal()}


def delete_client(call: ApiCall) -> dict[str, Any]:
    """Remove a client."""
    try:
        call.world.api_clients.remove(call.user.id, call.id("id"))
    except KeyError:
        raise not_found() from None
    return {}
