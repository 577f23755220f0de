"""Every client, in every case, ends as promised and as docs/clients.md says."""

import pytest

from clients.cases import CASES

# What ``make test`` runs; the rest is for ``make matrix``.
ALWAYS = ("served",)


@pytest.mark.parametrize(
    "case",
    [name if name in ALWAYS else pytest.param(name, marks=pytest.mark.matrix) for name in CASES],
)
def test_as_promised(world, seen, client, case):
    """The client gets its identity, or fails as it is known to."""
    seen(client, case, CASES[case](world, client))
