"""A profile's credentials, for listeners: the profile found by its name, its story waited for."""

import asyncio
from dataclasses import replace
from functools import lru_cache

from cone_sidecar.ascii_text import ascii_text
from cone_sidecar.broker import AccessBroker
from cone_sidecar.catalogue import ProfileSource
from cone_sidecar.domain.access import Phase
from cone_sidecar.domain.ports import HeldCredentials
from cone_sidecar.domain.profile import Profile
from cone_sidecar.errors import ConfigurationError, StillProcessing
from cone_sidecar.patience import Patience
from cone_sidecar.profile_slugs import may_be_made, slug
from cone_sidecar.refusal import refusal

# Callers choose them: what was found out of one is not kept without end.
MOST_SEGMENTS = 1024


class NoDefaultProfile(ConfigurationError):
    """The request names no profile, and neither does the configuration."""


class AmbiguousProfile(ConfigurationError):
    """Two profiles have the same name in URLs."""


class NeverAsked(StillProcessing):
    """Who only looks is told that nobody has asked for the profile's credentials yet."""

    code = "NeverAsked"


class ProfileCredentials:
    """Find profiles by what stands in a URL, and get their credentials."""

    def __init__(self, broker: AccessBroker, profiles: ProfileSource) -> None:
        self._broker = broker
        self._profiles = profiles
        self._by_slug: dict[str, Profile] = {}

    def known(self, segment: str) -> Profile | None:
        """Return the profile of that name, or of that slug, if it is known without asking anyone."""
        if _plain(segment):
            return self._profiles.known(segment)
        # It may be another profile's name or slug as well: all of them have been looked at once.
        found = self._by_slug.get(segment)
        return found if found and self._profiles.known(found.name) is found else None

    def cached(self, profile: Profile) -> HeldCredentials | None:
        """Return credentials that may be served at once."""
        return self._broker.cached(profile)

    def task_of(self, profile: Profile) -> str:
        """Return the number of the task behind the profile's access, empty where there is none."""
        return self._broker.state(profile).task_number

    async def obtain(self, segment: str, patience: Patience) -> tuple[Profile, HeldCredentials]:
        """Return the profile and its credentials, waiting as long as ``patience`` says in all.

        An empty ``segment`` means the only profile that there is.

        Raises:
            ConeError: What stands in the way.
        """
        ends = _now() + patience.seconds
        profile = await self.profile(segment, patience)
        left = max(0.0, ends - _now())
        return profile, await self._broker.obtain(profile, replace(patience, seconds=left))

    async def look(self, segment: str, patience: Patience) -> tuple[Profile, HeldCredentials]:
        """Return the profile and credentials that are there, without having access requested.

        Raises:
            NeverAsked: No story has begun.
            ConeError: There are none, and why; or what :meth:`profile` raises.
        """
        profile = await self.profile(segment, patience)
        if held := self._broker.cached(profile):
            return profile, held
        state = self._broker.state(profile)
        if state.phase is Phase.UNKNOWN:
            raise NeverAsked(
                f'nobody has asked for the credentials of "{profile.name}" yet',
                hint="the first client that does has access requested where there is none",
                profile=profile.name,
            )
        raise refusal(profile, state)

    async def profile(self, segment: str, patience: Patience) -> Profile:
        """Return the profile of that name, or of that slug; the only one there is for an empty one.

        Raises:
            ProfileNotFound: There is none.
            AmbiguousProfile: There are two.
            NoDefaultProfile: It isn't said which, and there is another number than one.
            StillProcessing: It isn't known in time which there are.
            ConeError: It can't be found out.
        """
        try:
            async with asyncio.timeout(patience.seconds):
                if not segment:
                    return await self._only_profile()
                if _plain(segment):
                    return await self._profiles.profile(segment)
                return await self._profile_of(segment)
        except TimeoutError:
            raise StillProcessing(
                "the catalogue is still being read", hint="retry the command shortly"
            ) from None

    async def _only_profile(self) -> Profile:
        found = await self._profiles.profiles()
        if len(found) != 1:
            raise NoDefaultProfile(
                "there is no default profile", hint="cone serve --default-profile <profile>"
            )
        return found[0]

    async def _profile_of(self, segment: str) -> Profile:
        wanted = slug(segment)
        alike = [each for each in await self._profiles.profiles() if slug(each.name) == wanted]
        if len(alike) > 1:
            names = " and ".join(f'"{ascii_text(each.name)}"' for each in alike[:2])
            raise AmbiguousProfile(f"{names} have one name in URLs", hint="rename one of them")
        # Another name with the same slug is another name.
        meant = [each for each in alike if segment in (each.name, wanted)]
        if not meant:
            return await self._profiles.profile(segment)
        self._by_slug[segment] = meant[0]
        return meant[0]


@lru_cache(MOST_SEGMENTS)
def _plain(segment: str) -> bool:
    """Tell whether ``segment`` can only be the profile's name itself."""
    return slug(segment) == segment and not may_be_made(segment)


def _now() -> float:
    # The clock of the time limits themselves.
    return asyncio.get_running_loop().time()
