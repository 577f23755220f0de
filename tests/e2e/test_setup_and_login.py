"""Logging in and setting up, as processes, on the simulator."""

import json
import stat

import pytest
import yaml

BULK = """\
tenant: acme
accounts: []
bulk: {accounts: 25, permission_sets: 10}
"""
START_URL = "https://acme.awsapps.com/start"
HAND_WRITTEN = """\
# My own settings; nobody touches them.
[default]
region = eu-west-1   ; with a remark

[profile work]
s3 =
    max_concurrent_requests = 20
credential_process = /opt/tool get work

# The end."""


@pytest.fixture(name="stage")
def _stage(simulated):
    simulated.url = simulated.start_simulator(BULK, "--auto-confirm")
    return simulated


def set_up(stage):
    done = stage.cone("aws", "setup", "--sso-url", START_URL, "--region", "us-west-2")
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_250_permission_sets(stage):
    """All pages become profiles; a second run adds none, and the file stays as it is to the byte."""
    config = stage.home / ".aws" / "config"
    config.parent.mkdir()
    config.write_text(HAND_WRITTEN)
    first = set_up(stage)
    assert "\nDone: 250 profiles created, 0 skipped (already exist or missing data).\n" in first
    written = config.read_bytes()
    assert written.startswith(HAND_WRITTEN.encode())
    assert written.count(b"[profile account-") == 250
    assert b"sso_session" not in written.replace(b"cone_sso_session", b"")
    second = set_up(stage)
    assert "\nDone: 0 profiles created, 250 skipped (already exist or missing data).\n" in second
    assert config.read_bytes() == written
    pages = [n for n, _ in stage.operations() if n.endswith("SearchEntitlements")]
    assert len(pages) == 6


def test_setup_show(stage):
    """What was saved is shown; before, how to save it."""
    before = stage.cone("aws", "setup", "show").stdout
    assert before.startswith("WARNING  No AWS SSO configuration found. Run 'cone aws setup")
    set_up(stage)
    assert stage.cone("aws", "setup", "show").stdout == (
        f"SSO URL:        {START_URL}\nSSO Region:     us-east-1\nDefault Region: us-west-2\n"
    )


def test_login_keeps_what_is_there(stage):
    """A login writes id and secret, 0600, and every other key survives."""
    for name in ("CONE_CLIENT_ID", "CONE_CLIENT_SECRET"):
        del stage.environment[name]
    directory = stage.home / ".conductorone"
    directory.mkdir()
    path = directory / "config.yaml"
    path.write_text("aws_sso_start_url: https://kept\nprofiles:\n    other: {client-id: x}\n")
    assert stage.cone("whoami").returncode == 3
    done = stage.cone("login", stage.url)
    assert done.returncode == 0, done.stderr
    assert f"SUCCESS  Config written to {path}" in done.stderr
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    kept = yaml.safe_load(path.read_text())
    assert kept["aws_sso_start_url"] == "https://kept"
    assert kept["profiles"]["other"] == {"client-id": "x"}
    assert set(kept["profiles"]["default"]) == {"client-id", "client-secret"}
    who = stage.cone("whoami", "-o", "json")
    assert json.loads(who.stdout)["email"] == "ada@example.com"
