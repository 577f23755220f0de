"""Scenarios: what may be written, and how each mistake in one is told."""

from datetime import timedelta

import pytest

from cone_sidecar.errors import ConfigurationError
from cone_sidecar.simulator.durations import duration_seconds
from cone_sidecar.simulator.ids import PATTERN, named_id, random_id
from cone_sidecar.simulator.scenario import POLICIES, load_scenario
from cone_sidecar.simulator.simulated_clock import SimulatedClock
from cone_sidecar.simulator.world import World

ACCOUNT = 'accounts: [{id: "100000000001", name: Production}]\n'


@pytest.fixture(name="load")
def _load(tmp_path):
    """Load a scenario that is given as YAML."""

    def load(text):
        path = tmp_path / "scenario.yaml"
        path.write_text(text)
        return load_scenario(path)

    return load


def mistake(load, text):
    """Return the one line that tells what is wrong with a scenario."""
    with pytest.raises(ConfigurationError) as caught:
        load(text)
    assert "\n" not in caught.value.message
    assert caught.value.hint
    return caught.value.message


def test_the_built_in_scenario_shows_each_policy():
    """A newcomer finds people, accounts, every policy, and something that is granted."""
    scenario = load_scenario()
    assert scenario.tenant == "acme"
    assert [user.email for user in scenario.users] == ["ada@example.com", "grace@example.com"]
    shown = {step for each in scenario.permission_sets for step in each.steps}
    assert shown >= {"webhook", "approval", "form", "form_step", "deny", "error", "timeout"}
    assert any(each.granted_to for each in scenario.permission_sets)


def test_an_empty_scenario_is_a_tenant_with_one_person(load):
    """Nothing has to be written."""
    scenario = load("")
    assert (scenario.tenant, len(scenario.users)) == ("acme", 1)


def test_a_policy_is_a_word_or_a_list_of_words(load):
    """Each word stands for its step."""
    sets = "\n".join(
        f"  - {{account: Production, name: P{index}, policy: {word}}}"
        for index, word in enumerate([*POLICIES, "[machine, approval, wait]"])
    )
    steps = [each.steps for each in load(f"{ACCOUNT}permission_sets:\n{sets}").permission_sets]
    assert steps[-1] == ("webhook", "approval", "wait")
    assert steps[:-1] == list(POLICIES.values())


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("tenantt: acme", "unknown key 'tenantt', did you mean 'tenant'?"),
        ("users: [{emial: a@b.c}]", "unknown key 'emial', did you mean 'email'?"),
        ("lags: {provisionning: 1s}", "unknown key 'provisionning', did you mean 'provisioning'?"),
        ("lags: {latency: 5}", "latency is a duration"),
        ("lags: {latency: 5 s}", "latency is a duration"),
        (
            f"{ACCOUNT}permission_sets: [{{account: Production, name: R, lags: {{latency: 1s}}}}]",
            "permission_sets[0]: lags: unknown key 'latency'",
        ),
        ("bulk: {accounts: many}", "accounts is a number"),
        ("bulk: {accounts: -1}", "accounts is a number"),
        ("users: [{email: a@b.c, app_users: 0}]", "users[0]: app_users is a number, at least 1"),
        ("bulk: 3", "bulk is a mapping"),
        ("users: {a: 1}", "users is a list"),
        ("[1]", "the scenario is a mapping"),
        ("accounts: [{id: 100000000001, name: A}]", "id is twelve digits in quotes"),
        ('accounts: [{id: "1", name: A}]', "id is twelve digits in quotes"),
        ('accounts: [{id: "100000000001"}]', "name is needed"),
        ("permission_sets: [{account: Nowhere, name: R}]", "there is no account 'Nowhere'"),
        (
            f"{ACCOUNT}permission_sets: [{{account: Production, name: R, policy: aprovall}}]",
            "did you mean 'approval'?",
        ),
        (
            f"{ACCOUNT}permission_sets: [{{account: Production, name: R, granted_to: [x@y.z]}}]",
            "there is no user 'x@y.z'",
        ),
        ("a: [", "is no YAML at line"),
    ],
)
def test_a_mistake_is_told_with_its_place(load, text, told):
    """The line says what is wrong and what was probably meant."""
    assert told in mistake(load, text)


@pytest.mark.parametrize(
    "text",
    [
        "users: [{email: a@b.c}, {email: a@b.c}]",
        'accounts: [{id: "100000000001", name: A}, {id: "100000000001", name: B}]',
        f"{ACCOUNT}permission_sets:\n"
        "  - {account: Production, name: R}\n"
        '  - {account: "100000000001", name: R}',
    ],
)
def test_what_is_there_twice_is_a_mistake(load, text):
    """Two of one would silently hide one another."""
    assert "twice" in mistake(load, text)


def test_a_name_that_aws_does_not_know_is_a_mistake(load):
    """A permission set's name has no space: clients take the first word of what is shown."""
    text = f'{ACCOUNT}permission_sets: [{{account: Production, name: "Read Only"}}]'
    assert "permission_sets[0]" in mistake(load, text)


def test_all_mistakes_are_told_together(load):
    """Nobody has to run it again for each."""
    told = mistake(load, "tenantt: x\nlags: {latency: 5}\nusers: [{}]")
    assert "tenantt" in told
    assert "latency" in told
    assert "email is needed" in told


def test_a_file_that_can_not_be_read_is_told(tmp_path):
    """Missing, a directory, or no text: one line."""
    binary = tmp_path / "binary.yaml"
    binary.write_bytes(b"\xff\xfe\x00")
    for path in (tmp_path / "missing.yaml", tmp_path, binary):
        with pytest.raises(ConfigurationError, match="can't be read"):
            load_scenario(path)


def test_a_client_secret_is_not_shown(load):
    """Neither in the scenario's nor in the person's representation."""
    scenario = load("users: [{email: a@b.c, client_secret: hunter2}]")
    world = World(scenario, SimulatedClock())
    assert "hunter2" not in repr(scenario) + repr(world.first_user)
    assert world.first_user.client_secret.reveal() == "hunter2"


@pytest.mark.parametrize(
    ("text", "expected"),
    [("0ms", 0), ("1500ms", 1.5), ("1.5s", 1.5), ("10m", 600), ("8h", 28_800), ("90d", 7_776_000)],
)
def test_a_duration_is_a_number_and_a_unit(text, expected):
    """Each unit that scenarios have."""
    assert duration_seconds(text) == pytest.approx(expected)


def test_ids_stay_the_same_and_are_well_formed():
    """A restart gives the same ids and secrets, which the tenant itself accepts as ids."""
    first, second = (World(load_scenario(), SimulatedClock()) for _ in range(2))
    assert list(first.entitlements) == list(second.entitlements)
    assert first.first_user == second.first_user
    assert all(PATTERN.match(each) for each in [*first.entitlements, random_id()])
    assert named_id("a", "bc") != named_id("ab", "c")


def test_bulk_is_generated_on_top(load):
    """So many accounts, each with so many permission sets, nobody's and of eight hours."""
    scenario = load(f"{ACCOUNT}bulk: {{accounts: 3, permission_sets: 4}}")
    world = World(scenario, SimulatedClock())
    assert [each.name for each in world.accounts.values()] == [
        "Production",
        "Account 001",
        "Account 002",
        "Account 003",
    ]
    assert len(world.entitlements) == 12
    assert all(PATTERN.match(each.id) for each in world.entitlements.values())
    one = next(iter(world.entitlements.values()))
    assert (one.role_name, one.terms.max_duration) == ("Role001", 28_800)
    assert world.grants == []


def test_the_simulated_clock_is_advanced():
    """Both of its readings move on."""
    clock = SimulatedClock()
    wall, monotonic = clock.now(), clock.monotonic()
    clock.advance(3600)
    assert clock.now() - wall >= timedelta(hours=1)
    assert clock.monotonic() - monotonic >= 3600


def test_roles_are_assigned_and_taken_away(load):
    """AWS knows what was granted, until it is revoked."""
    sets = "permission_sets: [{account: Production, name: R, granted_to: [ada@example.com]}]"
    world = World(load(f"{ACCOUNT}users: [{{email: ada@example.com}}]\n{sets}"), SimulatedClock())
    user = world.user_by_email("ada@example.com")
    (role,) = world.assigned_roles(user.id)
    assert (role.account_id, role.account_name, role.role_name) == (
        "100000000001",
        "Production",
        "R",
    )
    world.revoke_grant(user.id, "100000000001", "R")
    assert world.assigned_roles(user.id) == []
    with pytest.raises(KeyError):
        world.revoke_grant(user.id, "100000000001", "R")
