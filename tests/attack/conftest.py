"""What the attacks share: a sidecar that each module attacks on its own."""

import pytest

from fakes.attacked_sidecar import attacked_sidecar


@pytest.fixture(name="attacked", scope="module")
def _attacked(tmp_path_factory):
    """Give one sidecar to all tests of a module."""
    with attacked_sidecar(tmp_path_factory.mktemp("attacked")) as sidecar:
        yield sidecar
