"""Paths of the API, made of ids that came from elsewhere."""

from urllib.parse import quote

from cone_sidecar.errors import UpstreamRejected


def segment(identifier: str) -> str:
    """Quote an id for a path; an empty one or a dot would mean another path (reference §0).

    Raises:
        UpstreamRejected: It can't be an id.
    """
    if not identifier.strip("./ "):
        raise UpstreamRejected(f"this is no ConductorOne id: {identifier!r}", hint="cone aws setup")
    return quote(identifier, safe="")
