"""The plan of ``cone aws setup``: from the catalogue to the AWS config file."""

import difflib
import shlex
import subprocess

import pytest
from botocore.configloader import load_config

from cone_sidecar.aws_config.document import AwsConfigDocument
from cone_sidecar.aws_config.profiles import profiles_in
from cone_sidecar.cone_config import AwsSettings
from cone_sidecar.domain.profile import SsoSession
from cone_sidecar.profile_naming import name_hash
from cone_sidecar.profile_setup.application import apply_plan
from cone_sidecar.profile_setup.options import SetupOptions
from cone_sidecar.profile_setup.plan import plan_setup
from fakes.permission_sets import HAND_WRITTEN, a_set

URL = "https://myorg.awsapps.com/start"
SETTINGS = AwsSettings(URL, "us-east-1", "us-west-2")
CATALOGUE = [
    a_set(n, f"Acct {n % 50:03}", f"Role{n // 50:03}", f"{n % 50:012}") for n in range(250)
]


def apply(data, found, *, settings=SETTINGS, tenant="default", **told):
    """Set up over ``data``; gives the plan and the new bytes."""
    document = AwsConfigDocument.parse(data)
    options = SetupOptions(
        session=SsoSession("cone-sso", settings.sso_url, settings.sso_region),
        region=settings.region,
        tenant=tenant,
        command="/usr/bin/cone",
        runs=lambda path: path == "/usr/bin/cone",
        **told,
    )
    plan = plan_setup(found, document, options)
    assert document.render() == data
    apply_plan(plan, document)
    return plan, document.render()


def test_one_profile_is_written_as_documented():
    """The original's keys and order, without sso_session, and the session once behind it."""
    result, data = apply(b"", [a_set(1), a_set(2, "Other")])
    assert list(result.created) == ["production-admin", "other-admin"]
    blocks = data.decode().split("\n\n")
    assert blocks[0] == (
        "[profile production-admin]\n"
        'credential_process = /usr/bin/cone aws credentials "production-admin"\n'
        "cone_app_id = app\n"
        "cone_entitlement_id = 0001\n"
        "cone_sso_account_id = 111122223333\n"
        "cone_sso_role_name = Admin\n"
        "cone_sso_region = us-east-1\n"
        f"cone_sso_start_url = {URL}\n"
        "cone_sso_registration_scopes = sso:account:access\n"
        "cone_sso_session = cone-sso\n"
        f"cone_name_hash = {name_hash('production-admin')}\n"
        "region = us-west-2\n"
        "output = json"
    )
    assert blocks[1] == (
        "[sso-session cone-sso]\n"
        f"sso_start_url = {URL}\n"
        "sso_region = us-east-1\n"
        "sso_registration_scopes = sso:account:access"
    )
    assert blocks[2].startswith("[profile other-admin]\n")
    assert len(blocks) == 3


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_250_sets_are_250_profiles_and_a_second_run_changes_nothing(tmp_path, end):
    """All are there, foreign content is untouched, and nothing is written twice."""
    before = HAND_WRITTEN.replace("\n", end).encode()
    result, data = apply(before, CATALOGUE)
    assert len(result.created) == len(set(result.created)) == 250
    assert data.startswith(before)
    assert (b"\r" in data) == (end == "\r\n")
    again, same = apply(data, CATALOGUE)
    assert (len(again.created), len(again.existing)) == (0, 250)
    assert same == data
    path = tmp_path / "config"
    path.write_bytes(data)
    profiles = load_config(str(path))["profiles"]
    assert set(profiles) == {"default", "production-admin", *result.created}
    for found, name in zip(CATALOGUE, result.created, strict=True):
        assert profiles[name]["cone_entitlement_id"] == found.entitlement.entitlement_id
        assert profiles[name]["cone_sso_account_id"] == found.account_id
        words = shlex.split(profiles[name]["credential_process"])
        assert words == ["/usr/bin/cone", "aws", "credentials", name]


def test_a_foreign_profile_of_the_same_name_is_not_touched():
    """Ours gets another name, and only lines are added."""
    result, data = apply(HAND_WRITTEN.encode(), [a_set(1), a_set(2, "Other")])
    assert list(result.created) == ["production-admin-111122223333", "other-admin"]
    changes = difflib.ndiff(HAND_WRITTEN.splitlines(), data.decode().splitlines())
    assert not [line for line in changes if line.startswith("-")]


def test_a_profile_is_known_by_its_entitlement():
    """One that a person renamed, or that the original wrote, is there already."""
    _, data = apply(b"", [a_set(1)])
    renamed = data.replace(b"production-admin", b"prod")
    result, same = apply(renamed, [a_set(1)])
    assert (len(result.created), len(result.existing)) == (0, 1)
    assert same == renamed


def test_a_new_set_is_added_and_the_others_stay():
    """The catalogue grows; the file grows by that."""
    _, data = apply(b"", CATALOGUE)
    result, more = apply(data, [*CATALOGUE, a_set(999, "New")])
    assert list(result.created) == ["new-admin"]
    assert more.startswith(data)
    assert more.count(b"[sso-session cone-sso]") == 1


def test_a_profile_of_an_older_version_stays_until_it_is_deleted():
    """It has no entitlement; the guide says to delete it."""
    old = b'[profile production-admin]\ncredential_process = cone aws credentials "production-admin"\n'
    result, data = apply(old, [a_set(1)])
    assert not result.created
    assert "cone_app_id" in result.skipped[0].reason
    assert data == old


def test_a_corrected_region_reaches_the_profiles_that_are_there():
    """The guide's cure for a wrong --sso-region: run set-up again with the right one."""
    _, data = apply(b"", [a_set(1)])
    corrected = AwsSettings(URL, "eu-west-1", "us-west-2")
    result, after = apply(data, [a_set(1)], settings=corrected)
    assert (len(result.created), result.session_corrected) == (0, True)
    profile = profiles_in(AwsConfigDocument.parse(after))["production-admin"]
    assert profile.session.region == "eu-west-1"
    assert apply(after, [a_set(1)], settings=corrected)[1] == after


def test_the_tenant_is_named_where_it_is_not_the_default():
    """A profile knows whose catalogue it came from."""
    _, data = apply(b"", [a_set(1)], tenant="work")
    assert b"\ncone_tenant = work\n" in data


def test_hostile_names_inject_nothing(tmp_path):
    """Lines, sections and shell words stay what we meant; what can't be written is skipped."""
    hostile = [
        a_set(1, "x]\n[profile evil]\ncredential_process = evil"),
        a_set(2, "$(touch pwned) `id` \"; rm -rf '"),
        a_set(3, "ok", "Ad\x1b[31m\x00min"),
        a_set(4, "ok", "#comment"),
        a_set(5, "ok", 'Ad"min]'),
        a_set(6, "ok", "\ud800"),
    ]
    result, data = apply(b"[profile before]\nregion = us-east-1\n", hostile)
    assert [len(result.created), len(result.skipped)] == [3, 3]
    path = tmp_path / "config"
    path.write_bytes(data)
    profiles = load_config(str(path))["profiles"]
    assert set(profiles) == {"before", *result.created}
    for name in result.created:
        command = profiles[name]["credential_process"]
        words = ["/usr/bin/cone", "aws", "credentials", name]
        assert shlex.split(command) == words
        # All SDKs but botocore's run it in a shell.
        seen = subprocess.run(
            ["sh", "-c", f"printf '%s\\n' {command}"], capture_output=True, text=True, check=True
        )
        assert seen.stdout.splitlines() == words
    assert profiles[list(result.created)[-1]]["cone_sso_role_name"] == 'Ad"min]'
