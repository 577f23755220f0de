"""``cone aws setup`` as a command: what it says, keeps and refuses."""

import argparse
import json
import os
import stat
import sys
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
import yaml

import cone_cli.composition
from cone_cli.commands import aws_setup, aws_setup_show
from cone_cli.cone_path import cone_path
from cone_sidecar.cone_config import AwsSettings
from cone_sidecar.domain.profile import SkippedEntitlement
from cone_sidecar.errors import ConfigurationError, LoginRequired, UsageError
from fakes.permission_sets import HAND_WRITTEN, a_set

URL = "https://myorg.awsapps.com/start"
SETTINGS = AwsSettings(URL, "us-east-1", "us-west-2")


class FakeTenant:
    """A tenant with a catalogue."""

    def __init__(self, found):
        self.found = found

    async def permission_sets(self, heard):
        """Return the catalogue."""
        if isinstance(self.found, Exception):
            raise self.found
        for each in self.found:
            heard(each)
        return self.found


@pytest.fixture(name="setup")
def _setup(tmp_path, monkeypatch):
    """Run the command at a home of its own; gives exit code, config file's bytes and settings."""
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("AWS_CONFIG_FILE", "CONE_CONFIG_PATH", "CONE_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    cone = tmp_path / "bin" / "cone"
    cone.parent.mkdir()
    cone.write_text("#!/bin/sh\n")
    cone.chmod(0o755)
    monkeypatch.setattr(sys, "argv", [str(cone)])

    def run(found, *flags, tenant_profile=""):
        @asynccontextmanager
        async def open_tenant(_):
            yield FakeTenant(found)

        monkeypatch.setattr(cone_cli.composition, "open_tenant", open_tenant)
        parser = argparse.ArgumentParser()
        aws_setup.configure(parser)
        args = parser.parse_args(flags, argparse.Namespace(output=run.output))
        if tenant_profile:
            args.tenant_profile = tenant_profile
        return aws_setup.run(args)

    run.output = "table"
    run.home = tmp_path
    run.file = tmp_path / ".aws" / "config"
    run.settings = tmp_path / ".conductorone" / "config.yaml"
    run.cone = cone
    return run


def test_the_command_says_what_it_did(setup, capsys):
    """The original's lines, on stdout; a terminal's control characters in names do nothing."""
    found = [a_set(1), SkippedEntitlement("Odd\x1b[2J", "no account")]
    assert setup(found, "--sso-url", URL, "--region", "us-west-2") == 0
    assert capsys.readouterr().out == (
        f"INFO  SSO URL:        {URL}\n"
        "INFO  SSO Region:     us-east-1\n"
        "INFO  Default Region: us-west-2\n"
        "SUCCESS  Created profile: production-admin\n"
        "WARNING  Skipping Odd?[2J: no account\n"
        "INFO  \n"
        "Done: 1 profiles created, 1 skipped (already exist or missing data).\n"
    )
    assert f"credential_process = {setup.cone} aws" in setup.file.read_text()
    assert stat.S_IMODE(setup.file.stat().st_mode) == 0o600


def test_names_that_an_sdk_does_not_see_are_told(setup, capsys):
    """In the run that gives them; the line has the way to others."""
    found = [a_set(n, name) for n, name in enumerate(["R&D", "Größe", "a (b)", "c~", "ok"])]
    for told in (
        "WARNING  The SDK for JavaScript sees no profile named r&d-admin, größe-admin, a-(b)-admin and "
        "1 more; for other names: cone aws setup --update --profile-template "
        "'{account_id}-{role_name}'\n",
        "",
    ):
        assert setup(found, "--sso-url", URL) == 0
        warnings = [line for line in capsys.readouterr().out.splitlines(True) if "JavaS" in line]
        assert "".join(warnings) == told


def test_partitions_that_the_identity_center_does_not_reach_are_told(setup, capsys):
    """Their profiles are made all the same, and the line has the commands that give them their own."""
    found = [a_set(1), replace(a_set(2, "Gov"), partition="aws-us-gov")]
    assert setup(found, "--sso-url", URL) == 0
    assert (
        "WARNING  1 permission set is in aws-us-gov, where no Identity Center of us-east-1 reaches. "
        "Give it a name and settings of its own: cone login <tenant> -p aws-us-gov, then "
        "cone aws setup -p aws-us-gov --sso-url <url> --sso-region <region> --only aws-us-gov --update\n"
    ) in capsys.readouterr().out
    gov = ("--sso-url", "https://gov.example/start", "--sso-region", "us-gov-west-1")
    only = ("--only", "aws-us-gov", "--update")
    assert setup(found, *gov, *only, tenant_profile="gov") == 0
    told = capsys.readouterr().out
    assert "Updated profile: gov-admin" in told
    assert "WARNING" not in told
    assert setup([*found, a_set(3, "New")], *gov, "--dry-run", tenant_profile="gov") == 0
    assert "Leave out what isn't this one's: cone aws setup -p gov --only aws-us-gov" in (
        capsys.readouterr().err
    )
    assert setup(found) == 0
    assert "WARNING" not in capsys.readouterr().out


def test_settings_are_remembered(setup, capsys):
    """The second run needs no flag, writes nothing, and show shows them."""
    setup([a_set(1)], "--sso-url", URL, "--sso-region", "eu-west-1")
    before = setup.file.read_bytes(), setup.file.stat().st_mtime_ns
    assert setup([a_set(1)]) == 0
    assert (setup.file.read_bytes(), setup.file.stat().st_mtime_ns) == before
    assert yaml.safe_load(setup.settings.read_text()) == {
        "aws_sso_start_url": URL,
        "aws_sso_region": "eu-west-1",
        "aws_default_region": "us-east-1",
    }
    assert "Done: 0 profiles created, 1 skipped" in capsys.readouterr().out
    assert aws_setup_show.run(argparse.Namespace()) == 0
    assert capsys.readouterr().out == (
        f"SSO URL:        {URL}\nSSO Region:     eu-west-1\nDefault Region: us-east-1\n"
    )


def test_show_tells_how_to_begin(setup, capsys):
    """Before the first run there is nothing to show."""
    assert aws_setup_show.run(argparse.Namespace()) == 0
    assert capsys.readouterr().out == (
        "WARNING  No AWS SSO configuration found. Run 'cone aws setup --sso-url <url>' first.\n"
    )
    assert not setup.settings.exists()


def test_an_empty_catalogue_writes_no_profiles(setup, capsys):
    """The settings are saved, the AWS config file isn't made."""
    assert setup([], "--sso-url", URL) == 0
    assert "INFO  No AWS permission set entitlements found." in capsys.readouterr().out
    assert setup.settings.exists()
    assert not setup.file.exists()


@pytest.mark.parametrize(
    "flags",
    [
        [],
        ["--sso-url", "myorg.awsapps.com/start"],
        ["--sso-url", "https://"],
        ["--sso-url", "https://[x"],
        ["--sso-url", "https://a.example/start\n[profile x]"],
        ["--sso-url", "https://a.example/ #x"],
        ["--sso-url", "ftp://a.example/"],
        ["--sso-url", URL, "--sso-region", "us-east"],
        ["--sso-url", URL, "--sso-region", "us-east-1a"],
        ["--sso-url", URL, "--region", "US-EAST-1"],
    ],
)
def test_what_cant_be_right_is_refused_before_anything_is_written(setup, flags):
    """A wrong flag costs nothing, and the hint is a command."""
    with pytest.raises(UsageError) as caught:
        setup([a_set(1)], *flags)
    assert caught.value.hint.startswith("cone aws setup --")
    assert not setup.settings.exists()
    assert not setup.file.exists()


def test_a_first_run_without_url_says_so(setup):
    """The promised text."""
    with pytest.raises(UsageError, match=r"^--sso-url is required on first run$"):
        setup([a_set(1)])


def test_a_tenant_that_refuses_leaves_the_file_as_it_was(setup):
    """Nothing is half-written when the catalogue can't be had."""
    with pytest.raises(LoginRequired):
        setup(LoginRequired("no"), "--sso-url", URL)
    assert not setup.file.exists()


def test_a_malformed_config_file_is_told_of_first(setup):
    """Before settings are saved or the tenant is asked."""
    setup.file.parent.mkdir()
    setup.file.write_text("nonsense\n")
    with pytest.raises(ConfigurationError, match="malformed at line 1"):
        setup(AssertionError("asked"), "--sso-url", URL)
    assert setup.file.read_text() == "nonsense\n"
    assert not setup.settings.exists()


def test_mode_and_other_settings_survive(setup):
    """An existing file keeps its mode; the original's other keys stay."""
    setup.file.parent.mkdir()
    setup.file.write_text(HAND_WRITTEN)
    setup.file.chmod(0o644)
    setup.settings.parent.mkdir()
    setup.settings.write_text(
        "debug: false\nprofiles: {default: {client-id: i, client-secret: s}}\n"
    )
    setup([a_set(1)], "--sso-url", URL)
    assert stat.S_IMODE(setup.file.stat().st_mode) == 0o644
    kept = yaml.safe_load(setup.settings.read_text())
    assert kept["debug"] is False
    assert kept["profiles"] == {"default": {"client-id": "i", "client-secret": "s"}}


def test_the_tenants_profile_is_written_and_not_saved(setup):
    """``-p work`` is for this run: the profiles say it, and it doesn't become the default one."""
    setup([a_set(1)], "--sso-url", URL, tenant_profile="work")
    assert "cone_tenant = work" in setup.file.read_text()
    assert "profile" not in yaml.safe_load(setup.settings.read_text())


def test_a_cone_under_a_path_with_spaces_is_not_written(setup, monkeypatch):
    """Another cone that needs no quotes is taken; without one, the fix is told."""
    spaced = setup.home / "a b" / "cone"
    spaced.parent.mkdir()
    spaced.symlink_to(setup.cone)
    monkeypatch.setattr(sys, "argv", [str(spaced)])
    monkeypatch.setattr(sys, "executable", str(spaced.with_name("python")))
    path = os.pathsep.join([str(spaced.parent), str(setup.cone.parent)])
    assert cone_path({"PATH": str(setup.cone.parent)}) == str(setup.cone)
    with pytest.raises(ConfigurationError) as caught:
        cone_path({"PATH": path})
    assert "ln -s" in caught.value.hint
    assert not setup.file.exists()


def test_a_dry_run_saves_nothing(setup, capsys):
    """The diff alone is on stdout; neither file is made."""
    assert setup([a_set(1)], "--sso-url", URL, "--dry-run", "--profile-template", "x-{alias}") == 0
    told = capsys.readouterr()
    assert told.out.startswith("--- /dev/null\n+++ b/")
    assert "+[profile x-]\n" in told.out
    assert "1 created, 0 renamed, 0 updated, 0 removed" in told.err
    assert not setup.file.exists()
    assert not setup.settings.exists()


def test_json_is_one_object(setup, capsys, monkeypatch):
    """Nothing else is on stdout."""
    monkeypatch.setattr(setup, "output", "json")
    assert setup([a_set(2, "Other"), a_set(1)], "--sso-url", URL) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["created"] == ["other-admin", "production-admin"]
    assert told["file"] == str(setup.file)


def test_a_template_is_saved_and_shown(setup, capsys):
    """The next run names by it; one that the file spoils is an error that names the file."""
    setup([a_set(1)], "--sso-url", URL, "--profile-template", "{role_name}-{account_id}")
    setup([a_set(1), a_set(2, role="Reader")])
    assert "Created profile: reader-111122223333" in capsys.readouterr().out
    aws_setup_show.run(argparse.Namespace())
    assert "Profile Template: {role_name}-{account_id}\n" in capsys.readouterr().out
    setup.settings.write_text(setup.settings.read_text().replace("{role_name}", "{rolename}"))
    with pytest.raises(ConfigurationError, match=r"config\.yaml: .*did you mean \{role_name\}"):
        setup([a_set(1)])


def test_pruning_by_an_empty_catalogue_is_refused(setup):
    """The profiles stay, and the exit code says that something is wrong."""
    setup([a_set(1)], "--sso-url", URL)
    before = setup.file.read_bytes()
    with pytest.raises(ConfigurationError, match="lists no AWS permission set"):
        setup([], "--prune")
    assert setup.file.read_bytes() == before


def test_what_cant_be_written_is_printed_to_be_pasted(setup, capsys, monkeypatch):
    """The error is the file's; stdout ends with the new sections. With nothing to write, all is well."""
    setup([a_set(1)], "--sso-url", URL)
    capsys.readouterr()
    allowed = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK and allowed(path, mode))
    assert setup([a_set(1)]) == 0
    capsys.readouterr()
    with pytest.raises(ConfigurationError, match="can't be written"):
        setup([a_set(1), a_set(2, "Other")])
    assert "\n[profile other-admin]\ncredential_process = " in capsys.readouterr().out
    assert b"other-admin" not in setup.file.read_bytes()
