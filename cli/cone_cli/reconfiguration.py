"""A running sidecar is told something else: what can change does, what can't is named."""

import logging
from collections.abc import Collection
from dataclasses import dataclass, field, fields
from datetime import timedelta
from typing import TypedDict

from cone_cli.chosen_profiles import ChosenProfiles
from cone_cli.configuration import Configuration
from cone_cli.endpoint_tokens import EndpointTokens, replace_stated_token
from cone_cli.log_output import log_from
from cone_sidecar.certificate import CertificateWatch
from cone_sidecar.connections import AdapterConnections
from cone_sidecar.cooldown import Cooldown
from cone_sidecar.endpoint_settings import EndpointSettings
from cone_sidecar.settings import SidecarSettings
from cone_sidecar.shared_task import SharedTask
from cone_sidecar.sidecar import Sidecar
from cone_sidecar.web.client_networks import ClientNetworks
from cone_sidecar.web.guard import HostGuard

# What is looked at with each request, and may be another one for the next; all else of the endpoint is
# sockets and files that were made at the start.
CHANGES = frozenset(("default_profile", "allow_clients", "allow_hosts", "token", "token_stated_in"))
FLAGS = {
    "profile_token_files": "--profile-token-file",
    "token_access": "--token-file-mode or --token-file-group",
}
logger = logging.getLogger("cone_sidecar")


class Behaviour(TypedDict):
    """Parameters of a sidecar that may change while it runs."""

    cooldown: Cooldown
    strict: bool
    prefetch: tuple[str, ...]
    idle_after: timedelta
    longest_wait_s: float


@dataclass(frozen=True, slots=True)
class RunningParts:
    """What a running sidecar consists of, as far as it can be told something else, or ended."""

    started_with: Configuration
    connections: AdapterConnections
    profiles: ChosenProfiles
    sidecar: Sidecar
    host_guard: HostGuard
    tokens: EndpointTokens
    certificate: CertificateWatch | None
    telling: SharedTask[None] = field(default_factory=SharedTask)

    def change(self, told: Configuration) -> None:
        """Make ``told`` true; unless we are another client now, no story ends and nothing is dropped.

        Raises:
            ConfigurationError: A file of tokens can't be written; nothing else has changed then.
        """
        replace_stated_token(told.endpoint, self.tokens)
        log_from(told.log_level)
        self.connections.change(told.environment)
        self.profiles.change(told.environment, told.terms)
        self.host_guard.change(
            told.endpoint.allow_hosts, ClientNetworks(told.endpoint.allow_clients)
        )
        self.sidecar.change(
            default_profile=told.endpoint.default_profile, **behaviour(told.settings)
        )
        self._look_at_files()
        logger.info("the configuration was read again")
        tell_outvoted(told, known=self.started_with.outvoted)
        self.telling.start(lambda: self.sidecar.tell_unknown(told.endpoint.named_profiles))
        if fixed := fixed_changes(self.started_with, told):
            logger.warning("needs a restart: %s", ", ".join(fixed))

    async def close(self) -> None:
        """End what requests wait for, so that each of them gets an answer."""
        self.profiles.close()
        await self.sidecar.broker.close()

    def _look_at_files(self) -> None:
        """Look at once at what is looked at from time to time anyway."""
        self.profiles.read_anew()
        if self.tokens.tokens:
            self.tokens.tokens.look_again()
        if self.tokens.files:
            self.tokens.files.write_again()
        if self.certificate:
            self.certificate.look_again()


def behaviour(settings: SidecarSettings) -> Behaviour:
    """Return what a sidecar is told of ``settings``."""
    return {
        "cooldown": Cooldown(request=settings.request_cooldown),
        "strict": settings.strict,
        "prefetch": settings.prefetch,
        "idle_after": settings.idle_after,
        "longest_wait_s": settings.max_wait.total_seconds(),
    }


def tell_outvoted(told: Configuration, known: Collection[str] = ()) -> None:
    """Say in the log which variables keep the file from being heard, and what to do about it."""
    for name in told.outvoted:
        if name not in known:
            logger.warning(
                "the variable %s wins over what %s says; set it empty (%s=) to have the file count",
                name,
                told.file,
                name,
            )


def fixed_changes(started_with: Configuration, told: Configuration) -> list[str]:
    """Return the flags of what was told, and stays as it was when the sidecar started."""
    before, now = started_with.endpoint, told.endpoint
    fixed = [
        FLAGS.get(each.name, "--" + each.name.replace("_", "-"))
        for each in fields(EndpointSettings)
        if each.name not in CHANGES and getattr(before, each.name) != getattr(now, each.name)
    ]
    if started_with.settings.pod_events != told.settings.pod_events:
        fixed.append("--pod-events")
    return fixed
