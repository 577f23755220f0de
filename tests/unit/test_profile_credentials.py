"""Profiles found by what stands in a URL: by name, by slug, by default."""

import asyncio
from dataclasses import replace

import pytest

from cone_sidecar.errors import ProfileNotFound, StillProcessing
from cone_sidecar.patience import Patience
from cone_sidecar.profile_slugs import slug
from cone_sidecar.web.profile_credentials import (
    AmbiguousProfile,
    NeverAsked,
    NoDefaultProfile,
    ProfileCredentials,
)
from fakes.access import PROFILE, STANDING, FakeTenant
from fakes.broker_stage import BrokerStage

PATIENT = Patience(5.0)
ODD = replace(PROFILE, name="My Prof")
OTHER = replace(PROFILE, name="dev")
# A name that looks like the slug of another one.
POSER = replace(PROFILE, name=slug(ODD.name))


class Profiles:
    """A source of the profiles that a test names; each one is known once it was asked for."""

    def __init__(self, *profiles):
        self.there_are = {each.name: each for each in profiles}
        self.looked_up = set()
        self.gate = None

    def known(self, name):
        return self.there_are.get(name) if name in self.looked_up else None

    async def profile(self, name):
        await self.profiles()
        if name not in self.there_are:
            raise ProfileNotFound(f"no profile {name}")
        return self.there_are[name]

    async def profiles(self):
        if self.gate:
            await self.gate.wait()
        self.looked_up |= set(self.there_are)
        return list(self.there_are.values())


def finder(clock, *profiles):
    source = Profiles(*profiles)
    stage = BrokerStage(clock, FakeTenant(grant=STANDING))
    return ProfileCredentials(stage.broker, source), source


async def test_a_profile_by_its_name(clock):
    """Once looked up, it is known without asking anybody, and its credentials are cached."""
    credentials, _ = finder(clock, PROFILE, OTHER)
    assert credentials.known(PROFILE.name) is None
    profile, held = await credentials.obtain(PROFILE.name, PATIENT)
    assert profile is PROFILE
    assert credentials.known(PROFILE.name) is PROFILE
    assert credentials.cached(PROFILE) is held
    assert credentials.cached(OTHER) is None


async def test_who_only_looks(clock):
    """No story begins because of it; what one has brought is seen."""
    credentials, _ = finder(clock, PROFILE)
    for _ in range(2):
        with pytest.raises(NeverAsked):
            await credentials.look(PROFILE.name, PATIENT)
    _, held = await credentials.obtain(PROFILE.name, PATIENT)
    assert await credentials.look(PROFILE.name, PATIENT) == (PROFILE, held)


async def test_a_profile_by_its_slug(clock):
    """A name that clients would change is found by what stands for it in URLs, and by itself."""
    credentials, _ = finder(clock, ODD, OTHER)
    assert await credentials.profile(slug(ODD.name), PATIENT) is ODD
    assert await credentials.profile(ODD.name, PATIENT) is ODD
    assert credentials.known(slug(ODD.name)) is ODD


@pytest.mark.parametrize("segment", ["nobody", "DEV", "dev ", "de", slug("nobody at all"), ".."])
async def test_nobody_of_that_name(clock, segment):
    """Names are exact."""
    credentials, _ = finder(clock, ODD, OTHER)
    with pytest.raises(ProfileNotFound):
        await credentials.profile(segment, PATIENT)
    assert credentials.known(segment) is None


async def test_a_name_that_is_another_one_s_slug(clock):
    """Neither is served for the other: somebody has to rename one."""
    credentials, _ = finder(clock, ODD, POSER)
    with pytest.raises(AmbiguousProfile, match="have one name in URLs") as caught:
        await credentials.profile(POSER.name, PATIENT)
    assert ODD.name in caught.value.message
    assert POSER.name in caught.value.message
    assert caught.value.hint == "rename one of them"
    assert credentials.known(POSER.name) is None


async def test_a_name_that_only_looks_like_a_slug(clock):
    """It is found like any other."""
    credentials, _ = finder(clock, POSER, OTHER)
    assert await credentials.profile(POSER.name, PATIENT) is POSER
    assert credentials.known(POSER.name) is POSER


async def test_a_slug_follows_the_catalogue(clock):
    """A profile that was removed or changed isn't served from memory by its slug."""
    credentials, source = finder(clock, ODD)
    await credentials.profile(slug(ODD.name), PATIENT)
    changed = source.there_are[ODD.name] = replace(ODD, role_name="Other")
    assert credentials.known(slug(ODD.name)) is None
    assert await credentials.profile(slug(ODD.name), PATIENT) is changed
    del source.there_are[ODD.name]
    assert credentials.known(slug(ODD.name)) is None
    with pytest.raises(ProfileNotFound):
        await credentials.profile(slug(ODD.name), PATIENT)


async def test_the_only_profile_is_the_default(clock):
    """Where one profile is all there is, nobody has to name it."""
    credentials, _ = finder(clock, PROFILE)
    assert (await credentials.obtain("", PATIENT))[0] is PROFILE


@pytest.mark.parametrize("profiles", [[], [PROFILE, OTHER]])
async def test_no_default_among_several(clock, profiles):
    """One is never chosen for its place in a list."""
    credentials, _ = finder(clock, *profiles)
    with pytest.raises(NoDefaultProfile, match="no default profile") as caught:
        await credentials.profile("", PATIENT)
    assert caught.value.hint == "cone serve --default-profile <profile>"


@pytest.mark.parametrize("segment", ["", PROFILE.name, slug(ODD.name)])
async def test_a_catalogue_that_takes_its_time(clock, segment):
    """Nobody waits for it longer than for credentials."""
    credentials, source = finder(clock, PROFILE)
    source.gate = asyncio.Event()
    with pytest.raises(StillProcessing, match="the catalogue is still being read"):
        await credentials.obtain(segment, Patience(0.01))


@pytest.mark.parametrize("segment", ["a\u5f9c\u4e00b", "a\u5724\u4e03b"])
async def test_names_whose_hashes_are_the_same(clock, segment):
    """Two names with one slug share a token: neither is served, by slug or by name."""
    pair = [replace(ODD, name=name) for name in ("a\u5f9c\u4e00b", "a\u5724\u4e03b")]
    assert slug(pair[0].name) == slug(pair[1].name)
    credentials, _ = finder(clock, *pair)
    for asked in (segment, slug(segment)):
        with pytest.raises(AmbiguousProfile):
            await credentials.profile(asked, PATIENT)
        assert credentials.known(asked) is None
