"""Clients whose authorization token is replaced."""

import pytest

from clients.cases import rotated

pytestmark = pytest.mark.matrix


def test_the_token_is_replaced(rotating, seen, client):
    """Whoever reads the token's file goes on; whoever keeps the token goes on while the old one is taken."""
    seen(client, "rotated", rotated(rotating, client))
