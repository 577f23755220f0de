"""While somebody has to approve, each client's user is told, or whoever reads the sidecar's log."""

from clients.refusal import APPROVAL, refusal


def test_who_is_told(world, seen, client):
    """The request's number and page stand in what the user reads, or in the log alone."""
    refused = refusal(world, client, APPROVAL)
    seen(client, "pending", refused.cell(client, "pending"))
    seen(client, "requests", refused.requests)
    seen(client, "time", refused.time)
    seen(client, "message", refused.message)
