"""How a sidecar behaves: texts of flags and variables, read once into values."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from cone_sidecar.cooldown import DEFAULT_COOLDOWN
from cone_sidecar.duration import parse_duration
from cone_sidecar.errors import UsageError
from cone_sidecar.refresher import IDLE_AFTER
from cone_sidecar.told_settings import NOWHERE, PREFIX, ToldSettings
from cone_sidecar.web.client_patience import LONGEST_S

NAMES = ("prefetch", "strict", "max_wait", "request_cooldown", "idle_after", "pod_events")


@dataclass(frozen=True, slots=True)
class SidecarSettings:
    """The settings of ``cone serve`` beside its addresses; what each is for: docs/configuration.md."""

    prefetch: tuple[str, ...] = ()
    strict: bool = False
    max_wait: timedelta = timedelta(seconds=LONGEST_S)
    request_cooldown: timedelta = DEFAULT_COOLDOWN.request
    idle_after: timedelta = IDLE_AFTER
    pod_events: bool = False


def sidecar_settings(
    flags: Mapping[str, str],
    environment: Mapping[str, str],
    places: Mapping[str, str] = NOWHERE,
) -> SidecarSettings:
    """Read the settings: a flag wins over its variable.

    Args:
        flags: Texts by the names of settings.
        environment: Texts by variables.
        places: For variables that a file speaks for, where it does.

    Raises:
        UsageError: A value has no meaning.
        ExceptionGroup: More than one of these.
    """
    told = ToldSettings(flags, environment, places)
    usual = SidecarSettings()
    settings = SidecarSettings(
        prefetch=told.value("prefetch", _names, usual.prefetch),
        strict=told.switch("strict"),
        max_wait=told.value("max_wait", _duration("max-wait"), usual.max_wait),
        request_cooldown=told.value(
            "request_cooldown", _duration("request-cooldown"), usual.request_cooldown
        ),
        idle_after=told.value("idle_after", _duration("idle-after"), usual.idle_after),
        pod_events=told.switch("pod_events"),
    )
    told.problems.raise_all()
    return settings


def _names(text: str) -> tuple[str, ...]:
    return tuple(name for part in text.split(",") if (name := part.strip()))


def _duration(flag: str) -> Callable[[str], timedelta]:
    def parse(text: str) -> timedelta:
        duration = parse_duration(text)
        if duration is None:
            variable = PREFIX + flag.upper().replace("-", "_")
            raise UsageError(f"--{flag} ({variable}) takes a duration", hint=f"--{flag} 45m")
        return duration

    return parse
