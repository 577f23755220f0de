"""What doctor says of a sidecar that may not be looked at."""

from cone_cli.doctor import sidecar_check
from cone_cli.doctor.endpoint_address import full_address
from cone_cli.doctor.finding import Level
from cone_sidecar.errors import ConfigurationError


def test_another_users_sidecar_is_a_finding(monkeypatch, tmp_path):
    """The other findings are told all the same."""

    def refused(_):
        raise ConfigurationError(
            "serve.json is another user's", hint="sudo -u cone cone aws doctor"
        )

    monkeypatch.setattr(sidecar_check, "find", refused)
    address = full_address("http://127.0.0.1:9911/credentials/dev")
    (finding,) = sidecar_check.check_asked({"HOME": str(tmp_path)}, address)
    assert (finding.level, finding.what) == (Level.INFO, "serve.json is another user's")
    assert finding.fix == "sudo -u cone cone aws doctor"
