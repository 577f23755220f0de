"""A sidecar that is told something else while it runs: what counts at once, what is kept, what is named."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from cone_cli.configuration import Configuration
from cone_cli.reconfiguration import CHANGES, behaviour, fixed_changes, tell_outvoted
from cone_sidecar.domain.profile import RequestTerms
from cone_sidecar.endpoint_settings import EndpointSettings, endpoint_settings
from cone_sidecar.settings import SidecarSettings
from cone_sidecar.web.client_networks import ClientNetworks, parse_networks
from cone_sidecar.web.guard import HostGuard
from fakes.simulated_sidecar import ADDRESS, TOKEN, SimulatedSidecar
from fakes.virtual_clock import VirtualClock

SCENARIO = """\
tenant: acme
users: [{email: ada@example.com}]
accounts: [{id: "100000000001", name: P}]
permission_sets:
  - {account: P, name: Granted, granted_to: [ada@example.com]}
  - {account: P, name: Auto, policy: auto}
  - {account: P, name: Approval, policy: approval}
  - {account: P, name: Deny, policy: deny}
  - {account: P, name: Never, policy: machine, lags: {policy_step: 10h}}
lifetimes: {role_credentials: 1h}
"""
OTHER = RequestTerms(justification="another reason")


@pytest.fixture(name="stage")
async def _stage(tmp_path):
    async with SimulatedSidecar(tmp_path, VirtualClock(), SCENARIO).running() as stage:
        yield stage


def tell(stage, *, default_profile="", **settings):
    """Tell the sidecar something else."""
    told = replace(SidecarSettings(), **settings)
    stage.sidecar.change(default_profile=default_profile, **behaviour(told))


def change_terms(stage, terms):
    profiles = stage.sidecar._profiles._profiles
    for name, profile in profiles.items():
        profiles[name] = replace(profile, terms=terms)


async def test_credentials_survive_every_change(stage):
    """They are served from memory before and after, whatever the sidecar is told."""
    status, before = await stage.ask("p-granted")
    assert status == 200
    stage.forget_requests()
    tell(
        stage,
        strict=True,
        prefetch=("p-granted",),
        max_wait=timedelta(seconds=1),
        request_cooldown=timedelta(seconds=1),
        idle_after=timedelta(seconds=1),
        default_profile="p-granted",
    )
    change_terms(stage, OTHER)
    assert await stage.ask("p-granted") == (200, before)
    assert stage.statuses("GetRoleCredentials") == []
    flight = stage.sidecar.broker.flights()[0]
    assert flight.profile.terms == OTHER


async def test_a_request_that_is_open_goes_on(stage):
    """Other terms end no story, and nothing is asked for twice."""
    assert (await stage.ask_while_time_passes("p-approval"))[1]["code"] == "ApprovalPending"
    flight = stage.sidecar.broker.flights()[0]
    change_terms(stage, OTHER)
    tell(stage, strict=True)
    assert (await stage.ask_while_time_passes("p-approval"))[1]["code"] == "ApprovalPending"
    assert stage.sidecar.broker.flights() == [flight]
    assert flight.under_way
    assert len(stage.simulator.world.tasks) == 1


async def test_other_terms_count_where_nothing_is_held(stage):
    """A profile that was refused is asked for in the new words, as a person expects who changed them."""
    assert (await stage.ask_while_time_passes("p-deny"))[1]["code"] == "AccessDenied"
    change_terms(stage, OTHER)
    assert (await stage.ask_while_time_passes("p-deny"))[1]["code"] == "AccessDenied"
    assert len(stage.simulator.world.tasks) == 2


async def test_a_default_profile(stage):
    """What /creds means is another profile from the next request on."""
    headers = {"Authorization": TOKEN, "User-Agent": "Go-http-client/1.1"}
    assert (await stage.sdk.get("/creds", headers=headers)).status_code == 403
    tell(stage, default_profile="p-granted")
    assert (await stage.sdk.get("/creds", headers=headers)).status_code == 200


async def test_a_limit_of_waiting(stage):
    """Whoever comes next is kept as long as is said now."""
    tell(stage, max_wait=timedelta(seconds=1))
    assert (await stage.ask_while_time_passes("p-never"))[1]["code"] == "StillProcessing"
    assert stage.sidecar.credentials_app().longest_wait_s == 1


async def test_a_profile_to_fetch_beforehand(stage):
    """It is fetched though nobody asks, as if it had been named at the start."""
    await stage.clock.pass_time(10)
    assert stage.sidecar.broker.flights() == []
    tell(stage, prefetch=("p-auto",))
    await stage.clock.pass_time(0)
    (flight,) = stage.sidecar.broker.flights()
    assert flight.profile.name == "p-auto"
    tell(stage, prefetch=())
    assert (await stage.ask_while_time_passes("p-auto"))[0] == 200


async def test_strictness_and_cooldown_of_flights_that_there_are(stage):
    """They go by them from now on, as new ones do."""
    await stage.ask("p-granted")
    tell(stage, strict=True, request_cooldown=timedelta(hours=9))
    await stage.ask_while_time_passes("p-auto")
    for flight in stage.sidecar.broker.flights():
        assert flight._freshness.strict
        assert flight._failures.cooldown.request == timedelta(hours=9)
    tell(stage)
    assert not any(flight._freshness.strict for flight in stage.sidecar.broker.flights())


async def test_networks_and_names():
    """A guard that is told others forgets what it knew of the ones before."""
    guard = HostGuard(["old.example.com"])
    server = (ADDRESS.host, ADDRESS.port)
    assert b"old.example.com" in guard._names_at(server)
    guard.change(["new.example.com"], ClientNetworks(parse_networks(["10.0.0.0/8"], option="-")))
    names = guard._names_at(server)
    assert b"new.example.com" in names
    assert b"old.example.com" not in names
    assert not guard._networks.admit(("127.0.0.1", 1))


def told_to(endpoint):
    """Return the configuration of a sidecar with nothing else to say."""
    return Configuration({}, SidecarSettings(), endpoint, RequestTerms(), "", None)


def test_what_needs_a_restart():
    """Each setting of the endpoint that stays as it was is named by its flag; the others aren't."""
    before = told_to(endpoint_settings({}, {}))
    told = told_to(
        endpoint_settings(
            {
                "listen": "127.0.0.1:1",
                "audit": "stdout",
                "token_file_mode": "0440",
                "profile_token_file": "dev=/t",
                "default_profile": "dev",
                "allow_client": "10.0.0.0/8",
                "allow_host": "a.example.com",
            },
            {"CONE_AUTHORIZATION_TOKEN": "t" * 32},
        )
    )
    assert fixed_changes(before, told) == [
        "--listen",
        "--token-file-mode or --token-file-group",
        "--profile-token-file",
        "--audit",
    ]
    assert fixed_changes(told, told) == []
    assert {each.name for each in EndpointSettings.__dataclass_fields__.values()} > CHANGES
    other = replace(before, endpoint=replace(before.endpoint, tls_cert=Path("/c")))
    assert fixed_changes(before, other) == ["--tls-cert"]
    assert fixed_changes(before, replace(before, settings=SidecarSettings(pod_events=True))) == [
        "--pod-events"
    ]


def test_a_variable_that_wins_over_the_file(caplog):
    """The log says which, and how the file is heard: an image may have set it. It is told once."""
    told = Configuration(
        environment={},
        settings=SidecarSettings(),
        endpoint=endpoint_settings({}, {}),
        terms=RequestTerms(),
        log_level="",
        file=Path("/etc/cone/sidecar.yaml"),
        outvoted=("CONE_LISTEN",),
    )
    tell_outvoted(told)
    assert caplog.messages == [
        "the variable CONE_LISTEN wins over what /etc/cone/sidecar.yaml says; "
        "set it empty (CONE_LISTEN=) to have the file count"
    ]
    tell_outvoted(told, known=("CONE_LISTEN",))
    assert len(caplog.messages) == 1
