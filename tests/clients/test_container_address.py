"""Clients of a sidecar that is 169.254.170.2."""

import pytest

from clients.cases import relative

pytestmark = pytest.mark.matrix


def test_beside_the_sidecar(beside, seen, client):
    """With the relative URI the client gets its identity."""
    seen(client, "relative", relative(*beside, client))
