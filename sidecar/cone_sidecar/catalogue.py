"""Which profiles a person has: those of the AWS config file, or all of the tenant's permission sets."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Protocol

from cone_sidecar.aws_config.config_file import AwsConfigFile
from cone_sidecar.aws_config.profiles import profile_in, profile_not_found, profiles_in
from cone_sidecar.clock import Clock, SystemClock
from cone_sidecar.domain.profile import (
    DEFAULT_TENANT,
    DEFAULT_TERMS,
    PermissionSet,
    Profile,
    RequestTerms,
    SkippedEntitlement,
    SsoSession,
)
from cone_sidecar.errors import ConeError, ConfigurationError, StillProcessing
from cone_sidecar.profile_naming import NamedPermissionSet, name_profiles
from cone_sidecar.profile_template import DEFAULT_TEMPLATE, ProfileTemplate
from cone_sidecar.shared_task import SharedTask

# A look at a file costs an eighth of an answer from memory.
LOOK_EVERY_S = 0.2
SYSTEM_CLOCK = SystemClock()
FRESH_FOR_S = 300.0
# A name that isn't there may be new: the tenant is asked again, but not at each request.
LOOK_AGAIN_AFTER_S = 30.0
# A catalogue that couldn't be read is the answer for as long.
FAILURE_LASTS_S = 2.0


class ProfileSource(Protocol):
    """Tell which profiles there are."""

    def known(self, name: str) -> Profile | None:
        """Return the profile of that name if it is known without asking anyone."""

    async def profiles(self) -> list[Profile]:
        """Return all profiles that can be used."""

    async def profile(self, name: str) -> Profile:
        """Return one profile.

        Raises:
            ProfileNotFound: There is none of this name.
            ProfileIncomplete: It lacks a key.
        """


class ConfigFileProfiles:
    """The profiles of the AWS config file, which is read again when it has changed.

    While it can't be read, or others are writing it, what it held before goes on being served.
    """

    def __init__(
        self,
        file: AwsConfigFile,
        defaults: RequestTerms = DEFAULT_TERMS,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._file = file
        self._defaults = defaults
        self._clock = clock
        self._looked_at = self._clock.monotonic()
        self._stamp = file.stamp()
        self._document = file.read()
        self._profiles = profiles_in(self._document, defaults)
        self._error: ConfigurationError | None = None

    def known(self, name: str) -> Profile | None:
        """Return the profile of that name."""
        if self._clock.monotonic() - self._looked_at >= LOOK_EVERY_S or name not in self._profiles:
            self._read_again()
        return self._profiles.get(name)

    def change(self, defaults: RequestTerms) -> None:
        """Have profiles that don't say otherwise asked for in other terms."""
        self._defaults = defaults
        self._profiles = profiles_in(self._document, defaults)

    async def profiles(self) -> list[Profile]:
        """Return our profiles that are complete."""
        self._read_again()
        return list(self._profiles.values())

    async def profile(self, name: str) -> Profile:
        """Return one profile; raises as the Protocol says, and ConfigurationError for a broken file."""
        # Whoever asks for access is to do so as the file says now.
        self._read_again()
        if found := self._profiles.get(name):
            return found
        if self._error:
            raise self._error
        return profile_in(self._document, name, self._file.path, self._defaults)

    def _read_again(self) -> None:
        self._looked_at = self._clock.monotonic()
        stamp = self._file.stamp()
        if stamp == self._stamp:
            return
        try:
            document = self._file.read()
        except ConfigurationError as error:
            self._error, self._stamp = error, stamp
            return
        found = profiles_in(document, self._defaults)
        if not found and self._profiles and not document.sections:
            # Truncated by somebody who is about to write: the next look finds more.
            return
        self._document, self._profiles = document, found
        self._error, self._stamp = None, stamp


class TenantProfiles:
    """A profile for each permission set of the tenant's catalogue, as ``cone aws setup`` would name it.

    What is known is served at once; the catalogue is read anew beside, once for all who ask.
    """

    def __init__(
        self,
        permission_sets: Callable[[], Awaitable[list[PermissionSet | SkippedEntitlement]]],
        *,
        session: SsoSession,
        region: str,
        clock: Clock,
        tenant: str = DEFAULT_TENANT,
        terms: RequestTerms = DEFAULT_TERMS,
        template: ProfileTemplate = DEFAULT_TEMPLATE,
    ) -> None:
        self._permission_sets = permission_sets
        self.session = session
        self.region = region
        self._clock = clock
        self._tenant = tenant
        self._terms = terms
        self.template = template
        self._sets: list[PermissionSet] = []
        self._profiles: dict[str, Profile] = {}
        self._attempted_at: float | None = None
        self._error: ConeError | None = None
        self._reading: SharedTask[None] = SharedTask()
        self._closing = False

    def close(self) -> None:
        """Have whoever waits for the catalogue come again: the sidecar ends."""
        self._closing = True
        self._reading.cancel()

    def change(
        self,
        *,
        session: SsoSession,
        region: str,
        terms: RequestTerms,
        template: ProfileTemplate = DEFAULT_TEMPLATE,
    ) -> None:
        """Have the profiles belong to another Identity Center, be asked for or be named otherwise."""
        self.session, self.region, self._terms, self.template = session, region, terms, template
        self._name_profiles()

    def look_again(self) -> None:
        """Read the catalogue anew, beside; what is known goes on being served meanwhile."""
        self._reading.start(self._read)

    def known(self, name: str) -> Profile | None:
        """Return the profile of that name, and see to it that the catalogue doesn't grow old."""
        found = self._profiles.get(name)
        if found and self._older_than(FRESH_FOR_S):
            self._reading.start(self._read)
        return found

    async def profiles(self) -> list[Profile]:
        """Return a profile for each permission set that can be used.

        Raises:
            UpstreamError: The catalogue can't be read, and never was.
            LoginRequired: The tenant doesn't know us, and never did.
        """
        if self._profiles:
            if self._older_than(FRESH_FOR_S):
                self._reading.start(self._read)
        else:
            await self._look(FAILURE_LASTS_S)
            if self._error:
                raise self._error
        return list(self._profiles.values())

    async def profile(self, name: str) -> Profile:
        """Return one profile; raises as the Protocol says, and as :meth:`profiles` does."""
        if found := self.known(name):
            return found
        await self._look(LOOK_AGAIN_AFTER_S if self._profiles else FAILURE_LASTS_S)
        if found := self._profiles.get(name):
            return found
        if self._error and not self._profiles:
            raise self._error
        raise profile_not_found(name, list(self._profiles), "ConductorOne's catalogue")

    def _older_than(self, seconds: float) -> bool:
        attempted_at = self._attempted_at
        return attempted_at is None or self._clock.monotonic() - attempted_at >= seconds

    async def _look(self, older_than_s: float) -> None:
        if self._reading.running or self._older_than(older_than_s):
            await self._reading.result(self._read)

    async def _read(self) -> None:
        try:
            found = await self._permission_sets()
        except ConeError as error:
            # What was known goes on being served; the next look is not at the next request.
            self._error = error
        except asyncio.CancelledError:
            if not self._closing:
                raise
            self._error = StillProcessing("the sidecar ends", hint="retry the command shortly")
        else:
            self._sets = [each for each in found if isinstance(each, PermissionSet)]
            self._name_profiles()
            self._error = None
        finally:
            self._attempted_at = self._clock.monotonic()

    def _name_profiles(self) -> None:
        profiles = [
            replace(
                new_profile(named, session=self.session, region=self.region, tenant=self._tenant),
                terms=self._terms,
            )
            for named in name_profiles(self._sets, self.template, tenant=self._tenant)
        ]
        self._profiles = {profile.name: profile for profile in profiles}


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
