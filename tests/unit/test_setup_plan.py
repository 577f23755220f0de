"""What ``cone aws setup`` does to profiles that are there: names, updates, pruning, patterns, diffs."""

import dataclasses
import subprocess
from pathlib import Path

import pytest
from botocore.configloader import load_config
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cone_sidecar.aws_config.document import AwsConfigDocument
from cone_sidecar.aws_config.profile_section import profile_section
from cone_sidecar.domain.profile import EntitlementRef, PermissionSet, SsoSession
from cone_sidecar.errors import UsageError
from cone_sidecar.profile_setup.application import apply_plan
from cone_sidecar.profile_setup.difference import unified_diff
from cone_sidecar.profile_setup.options import SetupOptions
from cone_sidecar.profile_setup.plan import plan_setup
from cone_sidecar.profile_setup.selection import Selection
from cone_sidecar.profile_template import parse_template

OPTIONS = SetupOptions(
    session=SsoSession("cone-sso", "https://acme.awsapps.com/start", "us-east-1"),
    region="us-west-2",
    tenant="default",
    command="/usr/bin/cone",
    runs=lambda path: path == "/usr/bin/cone",
)
FOREIGN = b"# mine\r\n[profile other]\r\nregion = eu-west-1\r\n"
ORIGINAL = b"""\
[profile production-admin]   # the boss
credential_process = cone aws credentials "production-admin"
cone_app_id = app
cone_entitlement_id = 1
cone_sso_account_id = 111122223333
cone_sso_role_name = Admin
cone_sso_region = us-east-1
cone_sso_start_url = https://acme.awsapps.com/start
cone_sso_registration_scopes = sso:account:access
# why
sso_session = cone-sso
mine = kept
region = us-west-2
output = json
"""


def a_set(number=1, account="Production", role="Admin", account_id="111122223333"):
    """Make a permission set."""
    return PermissionSet(EntitlementRef("app", str(number)), account_id, account, role, role)


def run(data, found, **told):
    """Plan and apply; gives the plan and the new bytes."""
    document = AwsConfigDocument.parse(data)
    plan = plan_setup(found, document, dataclasses.replace(OPTIONS, **told))
    apply_plan(plan, document)
    return plan, document.render()


def names(data):
    """List the profiles of a document."""
    sections = AwsConfigDocument.parse(data).sections
    return [each.name.name for each in sections if each.name.kind == "profile"]


def test_what_conductorone_renames_is_renamed_in_place():
    """Header, process line and record follow; comments, own keys and the place in the file stay."""
    _, data = run(FOREIGN, [a_set(1), a_set(2, "Other")])
    data = data.replace(b"[profile production-admin]", b"  [ profile production-admin ] ; boss")
    data = data.replace(b"region = us-west-2", b"mine = 1\r\nregion = us-west-2", 1)
    plan, after = run(data, [a_set(1, "Live"), a_set(2, "Other")])
    assert [(each.old, each.new) for each in plan.renamed] == [("production-admin", "live-admin")]
    assert names(after) == ["other", "live-admin", "other-admin"]
    assert b"[profile live-admin] ; boss" in after
    assert b'credential_process = /usr/bin/cone aws credentials "live-admin"' in after
    assert b"mine = 1\r\n" in after
    assert run(after, [a_set(1, "Live"), a_set(2, "Other")])[1] == after


def test_two_that_swap_their_names_are_swapped():
    """Names that are given up in a run may be taken in it."""
    _, data = run(b"", [a_set(1, "One"), a_set(2, "Two")])
    _, after = run(data, [a_set(1, "Two"), a_set(2, "One")])
    assert names(after) == ["two-admin", "one-admin"]


def test_a_name_that_a_person_gave_stays_for_ever():
    """By whatever rename, and whether the header alone or every mention was changed."""
    _, data = run(b"", [a_set()])
    for renamed in (
        data.replace(b"production-admin", b"prod"),
        data.replace(b"[profile production-admin]", b"[profile prod]"),
    ):
        plan, after = run(renamed, [a_set(1, "Live")], update=True)
        assert names(after) == ["prod"]
        assert plan.by_hand == ["prod"]
        assert b'aws credentials "prod"' in after


def test_another_template_renames_with_update_alone():
    """Without it the profiles are counted; a clash keeps its suffix."""
    _, data = run(b"", [a_set()])
    template = parse_template("{tenant}-{account_id}")
    plan, same = run(data, [a_set()], template=template)
    assert (plan.other_template, same) == (["production-admin"], data)
    _, after = run(data, [a_set()], template=template, update=True)
    assert names(after) == ["default-111122223333"]
    assert b"cone_name_template = {tenant}-{account_id}\n" in after
    _, back = run(after, [a_set()], update=True)
    assert names(back) == ["production-admin"]
    assert b"cone_name_template" not in back


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "{}",
        "{0.__class__}",
        "{role_name!r}",
        "{role_name:>9}",
        "{acount_id}",
        "x",
        "a b{alias}",
        "{role_name.__class__}",
        "{role_name[0]}",
        "${role_name}",
        "#{role_name}",
    ],
)
def test_a_template_that_means_nothing_is_refused(text):
    """Nothing of Python's format language but plain, known fields; the hint names them."""
    with pytest.raises(UsageError) as caught:
        parse_template(text)
    assert "{account_name}" in caught.value.hint


def test_a_profile_of_the_original_is_cleaned_by_update():
    """Until then it is told of and works as it is; comments, own keys and their order stay."""
    plan, same = run(ORIGINAL, [a_set()])
    keys = {each.key for each in plan.outdated[0].differences}
    assert keys == {"cone_sso_session", "credential_process", "sso_session"}
    assert same.startswith(ORIGINAL)
    _, after = run(ORIGINAL, [a_set()], update=True)
    assert b"\nsso_session" not in after
    assert b"[profile production-admin]   # the boss\n" in after
    assert b"# why\nmine = kept\n" in after
    again, same = run(after, [a_set()], update=True)
    assert (again.updated, same) == ([], after)


def test_a_copy_for_another_region_keeps_it():
    """The profile itself gets the right one."""
    _, data = run(b"", [a_set()])
    copy = data.partition(b"\n\n")[0].replace(b"production-admin", b"copy")
    data += b"\n" + copy.replace(b"us-west-2", b"eu-west-1") + b"\n"
    _, after = run(data, [a_set()], region="us-east-2", update=True)
    document = AwsConfigDocument.parse(after)
    assert document.values(profile_section("production-admin"))["region"] == "us-east-2"
    assert document.values(profile_section("copy"))["region"] == "eu-west-1"


def test_prune_removes_what_is_gone_and_nothing_else():
    """Other tenants', other instances', granted, nameless and foreign profiles stay."""
    _, data = run(FOREIGN, [a_set(1), a_set(2, "Gone"), a_set(3, "Held")])
    _, data = run(data, [a_set(4, "Work")], tenant="work")
    elsewhere = SsoSession("cone-sso-x", "https://x.awsapps.com/start", "us-east-1")
    _, data = run(data, [a_set(5, "Elsewhere")], session=elsewhere)
    data += b'[profile old]\r\ncredential_process = cone aws credentials "old"\r\n'
    held = frozenset({EntitlementRef("app", "3")})
    plan, after = run(data, [a_set(1)], prune=True, granted=held)
    assert plan.removed == ["gone-admin"]
    assert sorted(each.name for each in plan.kept) == ["held-admin", "old"]
    assert set(names(data)) - set(names(after)) == {"gone-admin"}
    assert run(data, [], prune=True)[1] == data
    only = Selection.of(["nothing*"], [])
    assert run(data, [a_set(1)], prune=True, selection=only)[0].removed == []


def test_patterns_say_which_permission_sets_are_meant():
    """Names, accounts and roles in any case; a pattern without a match is told; names don't depend on it."""
    found = [a_set(1), a_set(2, "production", account_id="444455556666"), a_set(3, "Dev", "Reader")]
    whole, _ = run(b"", found)
    for only, expected in {
        "PRODUCTION/admin": list(whole.created)[:2],
        "4444*": ["production-admin-444455556666"],
        "dev-*": ["dev-reader"],
        "reader": ["dev-reader"],
    }.items():
        plan, _ = run(b"", found, selection=Selection.of([only, "zzz"], ["none"]))
        assert list(plan.created) == expected
        assert [each.text for each in plan.unmatched] == ["zzz", "none"]
    assert list(run(b"", found, selection=Selection.of([], ["*admin*"]))[0].created) == [
        "dev-reader"
    ]


def test_an_identity_center_of_another_name_keeps_its_profiles():
    """One login reaches two: neither's run takes the other's profiles, unless --only says so."""
    gov = SsoSession("cone-sso-gov", "https://gov.example/start", "us-gov-west-1")
    found = [
        a_set(1),
        dataclasses.replace(a_set(2, "Secret"), partition="aws-us-gov"),
    ]
    urls = {"default": OPTIONS.session.start_url, "gov": gov.start_url}.get
    _, first = run(b"", found, start_url_of=urls)
    theirs = {
        "session": gov,
        "region": "us-gov-west-1",
        "tenant": "gov",
        "start_url_of": urls,
        "update": True,
    }
    assert run(first, found, **theirs)[1] == first
    plan, second = run(first, found, **theirs, selection=Selection.of(["aws-us-gov"], []))
    assert [each.name for each in plan.updated] == ["secret-admin"]
    assert plan.partitions == {"aws-us-gov": 1}
    for told in ({"start_url_of": urls, "update": True, "prune": True}, theirs):
        plan, third = run(second, found, **told)
        assert third == second
        assert (plan.outdated, plan.updated, plan.kept) == ([], [], [])
    # A name that isn't in the config file any more owns nothing.
    plan, _ = run(second, found)
    assert [each.name for each in plan.outdated] == ["secret-admin"]


def test_a_suffix_may_make_the_name_that_others_clash_by():
    """Each profile holds its own permission set's values, whatever it was to be called at first."""
    found = [
        a_set(1, "X", "Y-111122223333"),
        a_set(2, "x", "y-111122223333", account_id="000000000002"),
        a_set(3, "X", "Y"),
        a_set(4, "x", "y", account_id="000000000004"),
    ]
    plan, _ = run(b"", found)
    ids = {name: values["cone_entitlement_id"] for name, values in plan.created.items()}
    assert ids == {
        "x-y-111122223333-111122223333": "1",
        "x-y-111122223333-000000000002": "2",
        "x-y-111122223333": "3",
        "x-y-000000000004": "4",
    }


def test_a_clash_is_told_in_the_run_that_gives_the_names():
    """Both names are in it; a profile that isn't ours is told apart."""
    plan, data = run(b"", [a_set(1), a_set(2, account_id="444455556666")])
    both = ("production-admin-111122223333", "production-admin-444455556666")
    assert [(each.name, each.profiles, each.fresh) for each in plan.clashes] == [
        ("production-admin", both, True)
    ]
    again, _ = run(data, [a_set(1), a_set(2, account_id="444455556666")])
    assert not again.clashes[0].fresh
    foreign, _ = run(b"[profile production-admin]\n", [a_set(1)])
    assert foreign.clashes[0].with_foreign


def test_the_diff_is_one_that_git_applies(tmp_path):
    """With it the old file is the new one; a missing end of line included."""
    _, before = run(b"", [a_set(1), a_set(2, "Gone"), a_set(3, "Third")])
    before = before.removesuffix(b"\n")
    _, after = run(before, [a_set(1, "New"), a_set(3, "Third"), a_set(4)], update=True, prune=True)
    path = tmp_path / "config"
    path.write_bytes(before)
    diff = unified_diff(Path("config"), before, after)
    subprocess.run(["git", "apply"], cwd=tmp_path, input=diff.encode(), check=True)
    assert path.read_bytes() == after
    assert unified_diff(path, after, after) == ""


HOSTILE = st.text(
    st.one_of(st.sampled_from(list("]['\"$()`#;-{}=\n\r\x1b\u202e \\\ud800")), st.characters()),
    max_size=300,
)


@settings(
    deadline=None, max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.tuples(HOSTILE, HOSTILE), min_size=1, max_size=4), HOSTILE, st.booleans())
def test_hostile_names_inject_nothing(tmp_path, pairs, later, update):
    """Botocore reads the foreign profile and ours, and nothing else, before and after a rename."""
    path = tmp_path / "config"
    found = [a_set(n, account, role) for n, (account, role) in enumerate(pairs)]
    plan, data = run(FOREIGN, found)
    renamed, after = run(data, [a_set(0, later, pairs[0][1]), *found[1:]], update=update)
    for content, ours in ((data, set(plan.created)), (after, set(names(after)) - {"other"})):
        path.write_bytes(content)
        assert set(load_config(str(path))["profiles"]) == {"other", *ours}
    assert data.startswith(FOREIGN)
    assert after.startswith(FOREIGN)
    assert len(names(after)) == 1 + len(plan.created) + len(renamed.created)
