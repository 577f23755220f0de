"""Which profiles a person has: those of the AWS config file, or all of the tenant's permission sets."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

from cone_sidecar.aws_config.config_file import AwsConfigFile
from cone_sidecar.aws_config.profiles import profile_in, profile_not_found, profiles_in
from cone_sidecar.clock import Clock
from cone_sidecar.domain.profile import (
    DEFAULT_TENANT,
    PermissionSet,
    Profile,
    SkippedEntitlement,
    SsoSession,
)
from cone_sidecar.errors import UpstreamError
from cone_sidecar.profile_naming import NamedPermissionSet, name_profiles

FRESH_FOR_S = 300.0
# A name that isn't there may be new: the tenant is asked again, but not at each request.
LOOK_AGAIN_AFTER_S = 30.0


class ProfileSource(Protocol):
    """Tell which profiles there are."""

    async def profiles(self) -> list[Profile]:
        """Return all profiles that can be used."""

    async def profile(self, name: str) -> Profile:
        """Return one profile.

        Raises:
            ProfileNotFound: There is none of this name.
            ProfileIncomplete: It lacks a key.
        """


class ConfigFileProfiles:
    """The profiles of the AWS config file, which is read again when it has changed."""

    def __init__(self, file: AwsConfigFile) -> None:
        self._file = file
        self._stamp = file.stamp()
        self._document = file.read()
        self._profiles = profiles_in(self._document)

    async def profiles(self) -> list[Profile]:
        """Return our profiles that are complete.

        Raises:
            ConfigurationError: The file can't be read.
        """
        self._read_again()
        return list(self._profiles.values())

    async def profile(self, name: str) -> Profile:
        """Return one profile; raises as the Protocol says, and ConfigurationError as above."""
        self._read_again()
        if name in self._profiles:
            return self._profiles[name]
        return profile_in(self._document, name, self._file.path)

    def _read_again(self) -> None:
        stamp = self._file.stamp()
        if stamp != self._stamp:
            self._document = self._file.read()
            self._profiles = profiles_in(self._document)
            self._stamp = stamp


class TenantProfiles:
    """A profile for each permission set of the tenant's catalogue, as ``cone aws setup`` would name it."""

    def __init__(
        self,
        permission_sets: Callable[[], Awaitable[list[PermissionSet | SkippedEntitlement]]],
        *,
        session: SsoSession,
        region: str,
        clock: Clock,
        tenant: str = DEFAULT_TENANT,
    ) -> None:
        self._permission_sets = permission_sets
        self._session = session
        self._region = region
        self._clock = clock
        self._tenant = tenant
        self._profiles: dict[str, Profile] = {}
        self._read_at: float | None = None
        self._reading = asyncio.Lock()

    async def profiles(self) -> list[Profile]:
        """Return a profile for each permission set that can be used.

        Raises:
            UpstreamError: The catalogue can't be read, and never was.
            LoginRequired: The tenant doesn't know us.
        """
        await self._read_again(FRESH_FOR_S)
        return list(self._profiles.values())

    async def profile(self, name: str) -> Profile:
        """Return one profile; raises as the Protocol says, and as :meth:`profiles` does."""
        await self._read_again(FRESH_FOR_S)
        if name not in self._profiles:
            await self._read_again(LOOK_AGAIN_AFTER_S)
        if name not in self._profiles:
            raise profile_not_found(name, list(self._profiles), "ConductorOne's catalogue")
        return self._profiles[name]

    async def _read_again(self, older_than_s: float) -> None:
        async with self._reading:
            now = self._clock.monotonic()
            if self._read_at is not None and now - self._read_at < older_than_s:
                return
            try:
                found = await self._permission_sets()
            except UpstreamError:
                if self._read_at is None:
                    raise
                # What was known goes on being served; the next look is not at the next request.
                self._read_at = now
                return
            sets = [each for each in found if isinstance(each, PermissionSet)]
            profiles = [
                new_profile(named, session=self._session, region=self._region, tenant=self._tenant)
                for named in name_profiles(sets)
            ]
            self._profiles = {profile.name: profile for profile in profiles}
            self._read_at = now


def new_profile(
    named: NamedPermissionSet, *, session: SsoSession, region: str, tenant: str
) -> Profile:
    """Return the profile that stands for a permission set."""
    permission_set = named.permission_set
    return Profile(
        name=named.name,
        entitlement=permission_set.entitlement,
        account_id=permission_set.account_id,
        role_name=permission_set.role_name,
        session=session,
        tenant=tenant,
        region=region,
    )
