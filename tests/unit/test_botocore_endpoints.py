"""What botocore resolves, whatever the caller's AWS settings are."""

import json

import pytest

from cone_sidecar.identity_center import botocore_endpoints

RESOLVED = {
    "oidc": "https://oidc.eu-west-1.amazonaws.com",
    "portal": "https://portal.sso.eu-west-1.amazonaws.com",
}


@pytest.fixture(name="settings", autouse=True)
def _settings(monkeypatch, tmp_path):
    """Give an AWS config file with one profile, and no other settings."""
    for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_ENDPOINT_URL", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    file = tmp_path / "config"
    file.write_text("[profile there]\nuse_fips_endpoint = true\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(file))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    return file


@pytest.mark.parametrize("variable", botocore_endpoints.PROFILE_VARIABLES)
@pytest.mark.parametrize("profile", ["default", "gone"])
def test_a_profile_that_is_not_there_says_nothing(monkeypatch, capsys, variable, profile):
    """AWS's own examples set AWS_PROFILE=default where no file has it."""
    monkeypatch.setenv(variable, profile)
    assert botocore_endpoints.main("eu-west-1") == 0
    assert json.loads(capsys.readouterr().out) == RESOLVED


def test_a_profile_that_is_there_counts(monkeypatch, capsys):
    """Its endpoint settings are the person's."""
    monkeypatch.setenv("AWS_PROFILE", "there")
    assert botocore_endpoints.main("us-east-1") == 0
    assert "fips" in json.loads(capsys.readouterr().out)["oidc"]


def test_a_broken_file_is_no_traceback(settings, capsys):
    """It ends with 1, and whoever asked says what to do."""
    settings.write_text("[profile broken\n")
    assert botocore_endpoints.main("us-east-1") == 1
    assert capsys.readouterr() == ("", "")
