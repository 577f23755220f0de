"""What ``cone aws doctor`` says of the sidecar that runs, or of one that it may not look at."""

import builtins

import pytest

from cone_cli.doctor.endpoint_address import full_address
from cone_cli.doctor.finding import Level
from cone_cli.doctor.sidecar_check import check_asked, check_served
from cone_sidecar.announcement import FILE_NAME


@pytest.fixture(name="environment")
def _environment(tmp_path, monkeypatch):
    """Give a home in which another user's sidecar wrote itself down; tests may run as root."""
    as_before = builtins.open

    def refuse(path, *more, **options):
        if str(path).endswith(FILE_NAME):
            raise PermissionError
        return as_before(path, *more, **options)

    monkeypatch.setattr(builtins, "open", refuse)
    return {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path)}


def test_another_user_s_sidecar_is_a_finding(environment):
    """What else is wrong is told as well: the doctor goes on."""
    address = full_address("http://127.0.0.1:9911/credentials/p")
    for found in (check_served(environment, "", "p"), *check_asked(environment, address)):
        assert (found.id, found.level) == ("running-sidecar", Level.WARN)
        assert "another user's" in found.what
        assert found.fix == "run this as the sidecar's user"
    assert check_asked(environment, address)
