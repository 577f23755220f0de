"""Clients of a sidecar that speaks TLS, with a certificate of a private authority."""

import pytest

from clients.cases import BUNDLES, trusting

pytestmark = pytest.mark.matrix


@pytest.mark.parametrize("variable", BUNDLES)
def test_who_trusts_it(certified, seen, client, variable):
    """The client trusts the authority by this variable, or it doesn't, as the page says."""
    world, authority = certified
    seen(client, variable, trusting(world, authority, variable, client))
