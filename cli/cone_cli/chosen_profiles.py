"""The sidecar's profiles: of the AWS config file, else of the tenant, chosen anew when that changes."""

import logging
from collections.abc import Callable, Mapping, Sequence

from cone_cli.composition import tenant_profiles
from cone_sidecar.aws_config.config_file import AwsConfigFile
from cone_sidecar.aws_config.profiles import profiles_in
from cone_sidecar.catalogue import ConfigFileProfiles, ProfileSource, TenantProfiles
from cone_sidecar.clock import Clock
from cone_sidecar.connections import AdapterConnections
from cone_sidecar.domain.profile import DEFAULT_TENANT, Profile, RequestTerms
from cone_sidecar.errors import ConeError, ConfigurationError, LoginRequired
from cone_sidecar.warm_file import cone_config_path, file_stamp

LOOK_EVERY_S = 1.0
logger = logging.getLogger("cone_sidecar")


class UnconfiguredProfiles:
    """No profiles, because nobody said which Identity Center they belong to; ``error`` says what to do."""

    def __init__(self, error: ConeError) -> None:
        self._error = error

    def known(self, name: str) -> Profile | None:  # noqa: ARG002 -- the port's
        """Know none."""
        return None

    async def profiles(self) -> list[Profile]:
        """Say what to do."""
        raise self._error

    async def profile(self, name: str) -> Profile:  # noqa: ARG002 -- the port's
        """Say what to do."""
        raise self._error


class ChosenProfiles:
    """Serve the profiles of the AWS config file if it has any of ours, else the tenant's.

    Somebody may log in, or run ``cone aws setup``, while the sidecar runs: whoever asks for what isn't known
    has the choice made anew, and :meth:`watch` makes it for those whose profiles are known.
    """

    # The chosen source's own: it is called with each request.
    known: Callable[[str], Profile | None]
    _chosen: ProfileSource

    def __init__(
        self,
        connections: AdapterConnections,
        environment: Mapping[str, str],
        terms: RequestTerms,
        clock: Clock,
    ) -> None:
        """Choose.

        Raises:
            ConfigurationError: A file can't be read.
        """
        self._connections = connections
        self._environment = environment
        self._terms = terms
        self._clock = clock
        self._file = AwsConfigFile.of(environment)
        self._take(UnconfiguredProfiles(not_logged_in()))
        self._tenant: tuple[str, str] = ("", "")
        self._stamp: tuple[object, ...] = ()
        self._looked_at = 0.0
        self._missing: list[ConeError] = []
        self._clients: dict[str, str] = {}
        self.on_other_client: Callable[[str], None] = lambda _tenant: None
        """Called with the name of a tenant to which we are another client now."""
        self._choose()

    async def profiles(self) -> list[Profile]:
        """Return all profiles; raises as the source does that was chosen."""
        self.look_again()
        return await self._chosen.profiles()

    async def profile(self, name: str) -> Profile:
        """Return one profile; raises as the source does that was chosen."""
        self.look_again()
        return await self._chosen.profile(name)

    def close(self) -> None:
        """Have whoever waits for the catalogue come again: the sidecar ends."""
        if isinstance(self._chosen, TenantProfiles):
            self._chosen.close()

    def change(self, environment: Mapping[str, str], terms: RequestTerms) -> None:
        """Choose by other settings; what is known of profiles that are the same stays."""
        self._environment, self._terms, self._stamp = environment, terms, ()
        if isinstance(self._chosen, ConfigFileProfiles):
            self._chosen.change(terms)
        self.look_again()

    def read_anew(self) -> None:
        """Look at the tenant's catalogue now, whenever that was done last."""
        self.look_again()
        if isinstance(self._chosen, TenantProfiles):
            self._chosen.look_again()

    def look_again(self) -> None:
        """Choose anew where a file has changed, or something was missing."""
        waits = bool(self._missing) and self._clock.monotonic() - self._looked_at >= LOOK_EVERY_S
        if not waits and self._stamp_now() == self._stamp:
            return
        try:
            self._choose()
        except ConfigurationError as error:
            # What can't be read changes nothing for profiles that are served.
            if isinstance(self._chosen, UnconfiguredProfiles):
                self._missing = [error]
                self._take(UnconfiguredProfiles(error))

    def missing(self) -> Sequence[ConeError]:
        """Return what a person has to do before anything can be served."""
        self.look_again()
        return self._missing

    async def watch(self) -> None:
        """Look each second until cancelled; the log says what is missing, and when nothing is any more."""
        told: list[str] = []
        while True:
            missing = [f"{error.message}; {error.hint}" for error in self.missing()]
            for line in missing:
                if line not in told:
                    logger.warning("nothing can be served yet: %s", line)
            if told and not missing:
                logger.info("nothing is missing any more")
            told = missing
            await self._clock.sleep(LOOK_EVERY_S)

    def _stamp_now(self) -> tuple[object, ...]:
        return (self._file.stamp(), file_stamp(cone_config_path(self._environment)))

    def _choose(self) -> None:
        # Whatever is written from here on is seen at the next look.
        self._stamp, self._looked_at = self._stamp_now(), self._clock.monotonic()
        document = self._file.read()
        profiles = profiles_in(document, self._terms)
        from_file = isinstance(self._chosen, ConfigFileProfiles)
        # Truncated by somebody who is about to write: the next look finds more.
        if profiles or (from_file and not document.sections):
            if not from_file:
                self._take(ConfigFileProfiles(self._file, self._terms, self._clock))
            tenants = {each.tenant for each in profiles.values()}
            self._missing = self._login_missing(tenants)
        else:
            tenants = {DEFAULT_TENANT}
            self._missing = self._login_missing(tenants)
            self._choose_tenant()
        self._compare_clients(tenants)

    def _compare_clients(self, tenants: set[str]) -> None:
        """Tell of tenants whose client is another one than before; one that is missing may come back."""
        for tenant in tenants:
            client = self._connections.tenant_settings(tenant).client_id
            before = self._clients.get(tenant)
            if client:
                self._clients[tenant] = client
            if client and before and client != before:
                logger.warning(
                    "another client id is used: what the one before was given is dropped"
                )
                self.on_other_client(tenant)

    def _choose_tenant(self) -> None:
        found = tenant_profiles(
            self._connections, self._environment, self._terms, self._clock, self._login
        )
        if found is None:
            self._missing = [*self._missing, no_start_url()]
            self._take(UnconfiguredProfiles(self._missing[0]))
            return
        settings = self._connections.tenant_settings(DEFAULT_TENANT)
        tenant = (settings.client_id, settings.endpoint)
        if isinstance(self._chosen, TenantProfiles) and tenant == self._tenant:
            self._chosen.change(
                session=found.session,
                region=found.region,
                terms=self._terms,
                template=found.template,
            )
        else:
            self._take(found)
        self._tenant = tenant

    def _take(self, source: ProfileSource) -> None:
        self._chosen, self.known = source, source.known

    def _login(self) -> None:
        """Raise LoginRequired where the tenant would be asked by nobody."""
        for error in self._login_missing({DEFAULT_TENANT}):
            raise error

    def _login_missing(self, tenants: set[str]) -> list[ConeError]:
        """Return what to do where none of ``tenants`` knows us."""
        problems = [self._login_problem(tenant) for tenant in sorted(tenants)]
        found = [problem for problem in problems if problem]
        return found[:1] if len(found) == len(problems) else []

    def _login_problem(self, tenant: str) -> ConeError | None:
        """Return what can be seen without asking the tenant."""
        settings = self._connections.tenant_settings(tenant)
        # A token alone may do, with the tenant's address.
        if settings.given_token or (settings.client_id and settings.workload_token):
            return None
        if not (settings.client_id or settings.client_secret):
            return not_logged_in()
        try:
            settings.client.check()
        except LoginRequired as error:
            return error
        return None


def not_logged_in() -> LoginRequired:
    """Return the error of a sidecar that is nobody to ConductorOne."""
    return LoginRequired(
        "not logged in to ConductorOne", hint="cone login <tenant>, where the sidecar runs"
    )


def no_start_url() -> ConfigurationError:
    """Return the error of a sidecar that knows no Identity Center."""
    return ConfigurationError(
        "there are no profiles, and no AWS SSO start URL to make them with",
        hint="cone aws setup --sso-url <url>, or set CONE_SSO_URL and CONE_SSO_REGION",
    )
