"""Which profiles a person has, and under what names."""

import asyncio
import random
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cone_sidecar.aws_config.config_file import AwsConfigFile
from cone_sidecar.catalogue import LOOK_EVERY_S, ConfigFileProfiles, TenantProfiles
from cone_sidecar.conductorone.permission_set import permission_set_from_row
from cone_sidecar.domain.profile import (
    EntitlementRef,
    PermissionSet,
    SkippedEntitlement,
    SsoSession,
)
from cone_sidecar.errors import (
    ConfigurationError,
    LoginRequired,
    ProfileNotFound,
    StillProcessing,
    Unreachable,
)
from cone_sidecar.profile_naming import name_profiles
from cone_sidecar.profile_template import DEFAULT_TEMPLATE

ARN = "arn:aws:sso:::permissionSet/ssoins-7223b02bd4f6e6d1/ps-df24df604b6cb36b"
ENTITLEMENT = {
    "id": "2ded3db705b22e37a1ea740fe07",
    "appId": "2b7955ad4f35b5ad5994a6d3687",
    "displayName": "AdministratorAccess Permission Set",
    "slug": "AdministratorAccess access",
    "sourceConnectorIds": {"c": f"011122223333|{ARN}"},
    "somethingNew": {"x": 1},
}
SECTION = """\
[profile dev]
cone_app_id = app
cone_entitlement_id = entitlement
cone_sso_account_id = 100000000001
cone_sso_role_name = Dev
cone_sso_start_url = https://acme.awsapps.com/start
cone_sso_region = us-east-1
cone_auto_request = {automatic}
"""
SESSION = SsoSession("cone-sso", "https://acme.awsapps.com/start", "us-east-1")


def recognise(resource_name="Production", resource_type="Account", **changes):
    """Read the example row with some fields changed."""
    return permission_set_from_row(
        ENTITLEMENT | changes, resource_type, resource_name, granted=False
    )


def a_set(number, account="Production", role="Admin", account_id="111122223333"):
    """Make a permission set."""
    ref = EntitlementRef("app", f"{number:04}")
    return PermissionSet(ref, account_id, account, role, f"{role} Permission Set")


def test_a_permission_set_on_an_account_is_recognised():
    """Account, role and partition come from the external id and the first word of the name."""
    assert recognise() == PermissionSet(
        EntitlementRef("2b7955ad4f35b5ad5994a6d3687", "2ded3db705b22e37a1ea740fe07"),
        account_id="011122223333",
        account_name="Production",
        role_name="AdministratorAccess",
        display_name="AdministratorAccess Permission Set",
    )


@pytest.mark.parametrize("partition", ["aws-us-gov", "aws-cn", "aws-eusc"])
def test_every_partition_is_recognised(partition):
    """GovCloud's, China's and the European ARNs are permission sets too."""
    external_id = f"011122223333|{ARN.replace('arn:aws:', f'arn:{partition}:')}"
    found = recognise(sourceConnectorIds={"c": external_id})
    assert found.partition == partition
    assert found.account_id == "011122223333"


def test_a_sparse_binding_is_recognised():
    """Its resource is named after role and account."""
    found = recognise(
        "ReadOnly on 011122223333",
        "Permission Set Assignment",
        displayName="assigned",
        sourceConnectorIds={"c": f"{ARN}-011122223333"},
    )
    assert (found.account_id, found.role_name) == ("011122223333", "ReadOnly")
    assert DEFAULT_TEMPLATE.name(found) == "011122223333-readonly"


def test_several_connectors_always_give_the_same_account():
    """The order of a map means nothing."""
    ids = [(f"c{n}", f"{n:012}|{ARN}") for n in range(5)]
    for _ in range(10):
        random.shuffle(ids)
        assert recognise(sourceConnectorIds=dict(ids)).account_id == "000000000000"


@pytest.mark.parametrize(
    "changes",
    [
        {"sourceConnectorIds": {"c": "okta-group-1"}},
        {"sourceConnectorIds": {}},
        {"sourceConnectorIds": None},
        {"sourceConnectorIds": ["x"]},
        {"sourceConnectorIds": {"c": 1}},
    ],
)
def test_other_entitlements_are_not_aws(changes):
    """What names no permission set is no permission set, whatever shape it has."""
    assert recognise(**changes) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"sourceConnectorIds": {"c": ARN}},
        {"sourceConnectorIds": {"c": f"11112222333|{ARN}"}},
        {"sourceConnectorIds": {"c": f"011122223333|{ARN}\n"}},
        {"sourceConnectorIds": {}, "resource_type": "AWS Permission Set"},
        {"appId": ""},
        {"id": None},
        {"displayName": " "},
        {"sourceConnectorIds": {"c": f"{ARN}-011122223333"}, "displayName": "assigned"},
    ],
)
def test_permission_sets_with_something_missing_are_skipped_with_a_reason(changes):
    """They are told of, not lost."""
    found = recognise(**changes)
    assert isinstance(found, SkippedEntitlement)
    assert found.reason


def test_what_has_no_name_to_show_is_told_by_its_slug():
    """A line that skips it says which one it is."""
    assert recognise(displayName=" ").display_name == ENTITLEMENT["slug"]


@pytest.mark.parametrize(
    ("account", "role", "name"),
    [
        ("Production", "DatabaseAdministrator", "production-databaseadministrator"),
        ("", "Admin", "aws-admin"),
        ("Ünï Côde & Co / x #1", "Größe", "ünï-côde-&-co-/-x-#1-größe"),
        ('a]\n[b"c\\d\0e', "R", "abcde-r"),
        ("$(id)`id`'", "R", "(id)id-r"),
        ("\x1b[31mred\u202e\x85", "R", "31mred-r"),
        ("a\u00a0b\u2028c", "R", "a-b-c-r"),
        ("--#;x", "R", "x-r"),
    ],
)
def test_names_are_the_originals_made_safe(account, role, name):
    """Spaces become dashes; what could end a line, a header or a shell's word is dropped."""
    assert DEFAULT_TEMPLATE.name(a_set(1, account, role)) == name


def test_sets_that_clash_all_get_the_account_id():
    """Nobody's name depends on who comes first."""
    sets = [
        a_set(1, "Prod East", account_id="000000000001"),
        a_set(2, "Other"),
        a_set(3, "prod-east", account_id="000000000002"),
    ]
    expected = {
        sets[0]: "prod-east-admin-000000000001",
        sets[1]: "other-admin",
        sets[2]: "prod-east-admin-000000000002",
    }
    for order in (sets, sets[::-1]):
        named = name_profiles(order)
        assert [each.permission_set for each in named] == order
        assert {each.permission_set: each.name for each in named} == expected


def test_sets_of_one_account_that_clash_get_a_hash():
    """Two entitlements for the same role of the same account are two profiles."""
    names = [each.name for each in name_profiles([a_set(1), a_set(2)])]
    assert len(set(names)) == 2
    assert all(name.startswith("production-admin-111122223333-") for name in names)


def test_names_that_are_there_are_kept():
    """An entitlement keeps its name, and others make way for it and for foreign names."""
    sets = [a_set(1), a_set(2, account_id="000000000002"), a_set(3, "Other")]
    named = name_profiles(
        sets, kept={sets[1].entitlement: "production-admin"}, taken={"other-admin"}
    )
    assert [each.name for each in named] == [
        "production-admin-111122223333",
        "production-admin",
        "other-admin-111122223333",
    ]


def test_an_entitlement_that_is_listed_twice_is_one_profile():
    """Pages may overlap."""
    assert len(name_profiles([a_set(1), a_set(1)])) == 1


@settings(deadline=None, max_examples=100)
@given(
    st.lists(
        st.builds(
            a_set,
            st.integers(0, 30),
            st.sampled_from(["A B", "a-b", "A", "a b-c", "a-b-c-000000000001"]),
            st.sampled_from(["c", "C", "c-000000000001"]),
            st.sampled_from(["000000000001", "000000000002"]),
        ),
        unique_by=lambda each: each.entitlement,
    ),
    st.randoms(),
)
def test_names_are_unique_and_independent_of_the_order(sets, shuffler):
    """However much clashes, each entitlement has one name, the same in any order."""
    named = {each.permission_set: each.name for each in name_profiles(sets)}
    assert set(named) == set(sets)
    assert all(one < two for one, two in pairwise(sorted(named.values())))
    shuffled = list(sets)
    shuffler.shuffle(shuffled)
    assert {each.permission_set: each.name for each in name_profiles(shuffled)} == named


PROFILE = """\
[profile {name}]
cone_app_id = a
cone_entitlement_id = e
cone_sso_account_id = 111122223333
cone_sso_role_name = Admin
cone_sso_region = us-east-1
cone_sso_start_url = https://acme.awsapps.com/start
"""


async def test_the_config_file_is_read_again_when_it_changes(tmp_path):
    """A profile that is added while the sidecar runs is there at the next request."""
    path = tmp_path / "config"
    source = ConfigFileProfiles(AwsConfigFile(path))
    assert await source.profiles() == []
    path.write_text(PROFILE.format(name="one"))
    assert (await source.profile("one")).role_name == "Admin"
    path.write_text(PROFILE.format(name="one") + PROFILE.format(name="two"))
    assert [profile.name for profile in await source.profiles()] == ["one", "two"]
    with pytest.raises(ProfileNotFound):
        await source.profile("three")


class Catalogue:
    """A tenant's catalogue that a test changes."""

    def __init__(self, *found):
        self.found = list(found)
        self.error = None
        self.asked = 0

    async def permission_sets(self):
        """Return what the test says."""
        self.asked += 1
        if self.error:
            raise self.error
        return self.found


async def test_whoever_asks_for_access_does_so_as_the_file_says_now(tmp_path, clock):
    """Answers from memory look at the file ever so often; a story begins with what stands in it."""
    path = tmp_path / "config"
    path.write_text(SECTION.format(automatic="true"))
    source = ConfigFileProfiles(AwsConfigFile(path), clock=clock)
    path.write_text(SECTION.format(automatic="false"))
    assert source.known("dev").terms.auto_request
    assert not (await source.profile("dev")).terms.auto_request
    path.write_text(SECTION.format(automatic="true") + "\n")
    clock.advance(LOOK_EVERY_S)
    assert source.known("dev").terms.auto_request


def tenant_profiles(catalogue, clock):
    """Make the source over ``catalogue``."""
    return TenantProfiles(
        catalogue.permission_sets, session=SESSION, region="us-west-2", clock=clock
    )


async def test_the_tenants_permission_sets_are_profiles(clock):
    """Each that can be used is one, with the session's settings; the catalogue is read once."""
    catalogue = Catalogue(a_set(1), SkippedEntitlement("x", "no account"), a_set(2, "Other"))
    source = tenant_profiles(catalogue, clock)
    profile = await source.profile("production-admin")
    assert profile.entitlement == EntitlementRef("app", "0001")
    assert (profile.session, profile.region, profile.account_id) == (
        SESSION,
        "us-west-2",
        "111122223333",
    )
    assert [each.name for each in await source.profiles()] == ["production-admin", "other-admin"]
    assert catalogue.asked == 1


async def test_an_unknown_name_asks_the_tenant_again_but_not_each_time(clock):
    """A new permission set is found within half a minute; a wrong name is no load on the tenant."""
    catalogue = Catalogue(a_set(1))
    source = tenant_profiles(catalogue, clock)
    for _ in range(5):
        with pytest.raises(ProfileNotFound):
            await source.profile("other-admin")
    assert catalogue.asked == 1
    catalogue.found.append(a_set(2, "Other"))
    clock.advance(31)
    assert (await source.profile("other-admin")).name == "other-admin"
    assert catalogue.asked == 2


async def test_what_was_known_survives_an_outage(clock):
    """A tenant that can't be reached takes no profile away; one that never answered is an error."""
    catalogue = Catalogue(a_set(1))
    source = tenant_profiles(catalogue, clock)
    catalogue.error = Unreachable("down")
    with pytest.raises(Unreachable):
        await source.profiles()
    catalogue.error = None
    clock.advance(3)
    assert len(await source.profiles()) == 1
    catalogue.error = Unreachable("down")
    clock.advance(3600)
    assert len(await source.profiles()) == 1


async def test_a_catalogue_that_hangs_holds_up_nothing_that_is_known(clock):
    """What is known is served while the catalogue is read anew, once for all who ask."""
    catalogue = Catalogue(a_set(1))
    source = tenant_profiles(catalogue, clock)
    await source.profiles()
    answers = asyncio.Event()

    async def hang():
        catalogue.asked += 1
        await answers.wait()
        return [*catalogue.found, a_set(2, "Other")]

    source._permission_sets = hang
    clock.advance(3600)
    for _ in range(5):
        assert source.known("production-admin")
        assert (await source.profile("production-admin")).role_name == "Admin"
    waiting = [asyncio.create_task(source.profile("other-admin")) for _ in range(5)]
    await asyncio.sleep(0)
    answers.set()
    assert {profile.name for profile in await asyncio.gather(*waiting)} == {"other-admin"}
    assert catalogue.asked == 2


async def test_whoever_waits_for_a_catalogue_is_told_to_come_again_at_the_end(clock):
    """The end of a sidecar is no reason to leave anybody without an answer."""
    never = asyncio.Event()
    source = TenantProfiles(never.wait, session=SESSION, region="us-west-2", clock=clock)
    asking = [asyncio.create_task(source.profile("a")), asyncio.create_task(source.profiles())]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    source.close()
    answers = await asyncio.gather(*asking, return_exceptions=True)
    assert [type(answer) for answer in answers] == [StillProcessing, StillProcessing]


async def test_a_failure_is_shared_and_remembered(clock):
    """Twenty callers of a tenant that refuses us make one request, and so does asking again at once."""
    catalogue = Catalogue()
    catalogue.error = LoginRequired("who are you")
    source = tenant_profiles(catalogue, clock)
    asked = await asyncio.gather(*(source.profile("x") for _ in range(20)), return_exceptions=True)
    assert {type(answer) for answer in asked} == {LoginRequired}
    with pytest.raises(LoginRequired):
        await source.profile("x")
    assert catalogue.asked == 1


async def test_a_half_written_config_file_takes_no_profile_away(tmp_path):
    """While somebody saves the file, or has broken it, what it held goes on being served."""
    path = tmp_path / "config"
    path.write_text(PROFILE.format(name="one"))
    source = ConfigFileProfiles(AwsConfigFile(path))
    for broken in ("", "[profile one\nkey\n"):
        path.write_text(broken)
        assert source.known("one")
    with pytest.raises(ConfigurationError):
        await source.profile("two")
    path.write_text(PROFILE.format(name="two"))
    assert [profile.name for profile in await source.profiles()] == ["two"]
