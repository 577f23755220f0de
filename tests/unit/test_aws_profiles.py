"""Which profiles of an AWS config file are ours, and what they say."""

from datetime import timedelta

import pytest

from cone_sidecar.aws_config.config_file import AwsConfigFile
from cone_sidecar.aws_config.document import AwsConfigDocument
from cone_sidecar.aws_config.profile_section import (
    credential_process,
    profile_section,
    profile_values,
    session_section,
    session_values,
)
from cone_sidecar.aws_config.profiles import find_profile, profiles_in, read_profiles
from cone_sidecar.domain.profile import (
    EntitlementRef,
    Profile,
    RequestTerms,
    SsoSession,
)
from cone_sidecar.errors import ConfigurationError, ProfileIncomplete, ProfileNotFound

ORIGINAL = """\
[profile production-admin]
credential_process = cone aws credentials "production-admin"
cone_app_id = 2b7955ad4f35b5ad5994a6d3687
cone_entitlement_id = 2ded3db705b22e37a1ea740fe07
cone_sso_account_id = 012345678901
cone_sso_role_name = Admin
cone_sso_region = us-east-1
cone_sso_start_url = https://myorg.awsapps.com/start
cone_sso_registration_scopes = sso:account:access
sso_session = cone-sso
region = us-west-2
output = json

[sso-session cone-sso]
sso_start_url = https://myorg.awsapps.com/start
sso_region = us-east-1
sso_registration_scopes = sso:account:access
"""
EXPECTED = Profile(
    name="production-admin",
    entitlement=EntitlementRef("2b7955ad4f35b5ad5994a6d3687", "2ded3db705b22e37a1ea740fe07"),
    account_id="012345678901",
    role_name="Admin",
    session=SsoSession("cone-sso", "https://myorg.awsapps.com/start", "us-east-1"),
    region="us-west-2",
)


@pytest.fixture(name="write")
def _write(tmp_path):
    """Write an AWS config file; gives the environment that names it."""

    def write(text):
        path = tmp_path / "config"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return {"AWS_CONFIG_FILE": str(path)}

    return write


def test_profiles_of_the_original_are_read(write):
    """A profile that the original wrote says all that is needed."""
    environment = write(ORIGINAL)
    assert find_profile("production-admin", environment) == EXPECTED
    assert read_profiles(environment) == {"production-admin": EXPECTED}


@pytest.mark.parametrize(
    "text",
    [
        ORIGINAL.replace("\n", "\r\n"),
        "\ufeff" + ORIGINAL,
        ORIGINAL.replace("[profile production-admin]", '  [profile  "production-admin"]  # ours'),
        ORIGINAL.replace("cone_app_id", "cone_app_id_note = wrong\ncone_app_id"),
        ORIGINAL.replace("a6d3687\n", "a6d3687   # the app\n"),
        "# [profile production-admin]\n" + ORIGINAL,
    ],
)
def test_profiles_are_read_as_people_have_edited_them(write, text):
    """Line ends, a mark in front, indentation, quotes, comments and near-by keys don't mislead."""
    assert find_profile("production-admin", write(text)) == EXPECTED


def test_what_is_written_is_read_back():
    """A profile's section says the same again, and has no sso_* key."""
    profile = Profile(
        name="ünï-admin",
        entitlement=EntitlementRef("a" * 27, "b" * 27),
        account_id="000000000001",
        role_name="Admin",
        session=SsoSession("cone-sso", "https://acme.awsapps.com/start", "eusc-de-east-1"),
        tenant="work",
        region="us-west-2",
    )
    document = AwsConfigDocument()
    values = profile_values(profile, "/usr/bin/cone")
    document.append_section(profile_section(profile.name), values)
    document.append_section(session_section("cone-sso"), session_values(profile.session))
    assert profiles_in(document) == {"ünï-admin": profile}
    assert not any(key.startswith("sso_") for key in values)


def test_terms_of_a_request_are_read(write):
    """Justification, duration and automatic requests are a person's to set, for each profile."""
    more = "cone_justification = fixes #12\ncone_duration = 1w2d3h\ncone_auto_request = no\n"
    profile = find_profile(
        "production-admin", write(ORIGINAL.replace("region = us-w", more + "region = us-w"))
    )
    duration = timedelta(weeks=1, days=2, hours=3)
    assert profile.terms == RequestTerms("fixes #12", duration, auto_request=False)


@pytest.mark.parametrize(
    "line",
    [
        "cone_duration = soon",
        "cone_duration = 0s",
        "cone_duration = 99999999999w",
        "cone_auto_request = maybe",
    ],
)
def test_terms_without_a_meaning_are_refused(write, line):
    """What can't be meant is told of for its profile, and other profiles stay usable."""
    environment = write(
        ORIGINAL.replace("output = json", line) + ORIGINAL.replace("production", "other")
    )
    with pytest.raises(ConfigurationError, match=r'profile "production-admin" is'):
        find_profile("production-admin", environment)
    assert list(read_profiles(environment)) == ["other-admin"]


def test_an_unknown_profile_is_not_found(write):
    """The error names what may have been meant."""
    with pytest.raises(ProfileNotFound) as caught:
        find_profile("production-admim", write(ORIGINAL))
    assert "production-admim" in caught.value.message
    assert "production-admin" in caught.value.hint


def test_no_config_file_has_no_profiles(tmp_path):
    """A missing file is empty, and the next step is set-up."""
    environment = {"HOME": str(tmp_path)}
    assert read_profiles(environment) == {}
    with pytest.raises(ProfileNotFound) as caught:
        find_profile("x", environment)
    assert caught.value.hint == "cone aws setup"


@pytest.mark.parametrize("key", ["cone_app_id", "cone_entitlement_id"])
def test_a_profile_without_its_entitlement_is_incomplete(write, key):
    """The promised text."""
    text = "\n".join(line for line in ORIGINAL.splitlines() if not line.startswith(key))
    with pytest.raises(ProfileIncomplete) as caught:
        find_profile("production-admin", write(text))
    assert caught.value.message == (
        'profile "production-admin" is missing cone_app_id or cone_entitlement_id '
        "— re-run 'cone aws setup'"
    )
    assert caught.value.profile == "production-admin"


def test_a_foreign_profile_is_incomplete(write):
    """A profile that isn't ours is there, but names no entitlement."""
    environment = write("[profile dev]\nregion = us-east-1\n")
    assert read_profiles(environment) == {}
    with pytest.raises(ProfileIncomplete):
        find_profile("dev", environment)


@pytest.mark.parametrize("key", ["cone_sso_account_id", "cone_sso_role_name"])
def test_a_profile_without_its_role_is_incomplete(write, key):
    """The promised text."""
    text = "\n".join(line for line in ORIGINAL.splitlines() if not line.startswith(key))
    with pytest.raises(ProfileIncomplete) as caught:
        find_profile("production-admin", write(text))
    expected = "missing required SSO configuration for profile production-admin"
    assert caught.value.message == expected


def test_the_session_stands_in_for_missing_keys(write):
    """Start URL and region may stand in the session's section alone."""
    text = "\n".join(
        line
        for line in ORIGINAL.splitlines()
        if not line.startswith(("cone_sso_region", "cone_sso_start_url"))
    )
    assert find_profile("production-admin", write(text)) == EXPECTED


def test_a_corrected_region_of_the_session_counts(write):
    """A wrong region is put right in one place, for the instance that the section describes."""
    corrected = ORIGINAL.replace("\nsso_region = us-east-1", "\nsso_region = eu-west-1")
    assert find_profile("production-admin", write(corrected)).session.region == "eu-west-1"
    other = corrected.replace("\nsso_start_url = https://myorg", "\nsso_start_url = https://other")
    assert find_profile("production-admin", write(other)).session.region == "us-east-1"


def test_a_malformed_file_is_named_with_its_line(write):
    """The error says which file and which line."""
    environment = write("[default]\nregion = us-east-1\nnonsense\n")
    with pytest.raises(ConfigurationError) as caught:
        read_profiles(environment)
    assert caught.value.message == f"{environment['AWS_CONFIG_FILE']} is malformed at line 3"
    assert "line 3" in caught.value.hint


def test_a_file_that_cant_be_read_is_named(tmp_path):
    """A directory in its place is told of, without a traceback."""
    with pytest.raises(ConfigurationError) as caught:
        read_profiles({"AWS_CONFIG_FILE": str(tmp_path)})
    assert str(tmp_path) in caught.value.hint


def test_messages_stay_one_ascii_line(write):
    """A name that was given with line breaks or in another script is escaped."""
    with pytest.raises(ProfileNotFound) as caught:
        find_profile("größe\n[x]" * 30, write(ORIGINAL))
    message = caught.value.message
    assert message.isascii()
    assert "\n" not in message


def test_a_path_with_a_space_is_refused_with_the_fix():
    """SDKs disagree on quoted paths."""
    with pytest.raises(ConfigurationError) as caught:
        credential_process("/home/ada lovelace/bin/cone", "x")
    assert "ln -s" in caught.value.hint


def test_only_the_profile_is_quoted():
    """A value that begins with a quote loses its arguments in some SDKs."""
    value = credential_process("/opt/cone/bin/cone", "acct-&-co-#1-role")
    assert value == '/opt/cone/bin/cone aws credentials "acct-&-co-#1-role"'


def test_a_change_is_one_write_that_keeps_mode_and_link(tmp_path):
    """A symbolic link goes on being one, and its file's mode stays."""
    target = tmp_path / "dotfiles" / "aws"
    target.parent.mkdir()
    target.write_bytes(b"[default]\n")
    target.chmod(0o640)
    link = tmp_path / "config"
    link.symlink_to(target)
    with AwsConfigFile(link).change() as document:
        document.set_value(profile_section("default"), "region", "us-east-1")
    assert link.is_symlink()
    assert target.read_bytes() == b"[default]\nregion = us-east-1\n"
    assert target.stat().st_mode & 0o777 == 0o640


def test_a_new_file_is_private(tmp_path):
    """It is made 0600, with the directory it lies in 0700."""
    path = tmp_path / ".aws" / "config"
    with AwsConfigFile(path).change() as document:
        document.append_section(profile_section("x"), {"region": "us-east-1"})
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_a_failing_change_writes_nothing(tmp_path):
    """What was changed before the failure isn't written."""
    path = tmp_path / "config"
    path.write_bytes(b"[default]\n")

    def change_and_fail():
        with AwsConfigFile(path).change() as document:
            document.set_value(profile_section("default"), "region", "us-east-1")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        change_and_fail()
    assert path.read_bytes() == b"[default]\n"


def test_what_is_no_file_is_never_replaced():
    """The null device stays one, also for root."""
    file = AwsConfigFile(AwsConfigFile.of({"AWS_CONFIG_FILE": "/dev/null"}).path)
    assert file.read().sections == []
    with pytest.raises(ConfigurationError, match="not a regular file"), file.change():
        pass
