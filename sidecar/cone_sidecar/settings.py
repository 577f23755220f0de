"""How a sidecar behaves: texts of flags and variables, read once into values."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from cone_sidecar.cooldown import DEFAULT_COOLDOWN
from cone_sidecar.duration import parse_duration
from cone_sidecar.errors import UsageError
from cone_sidecar.refresher import IDLE_AFTER
from cone_sidecar.request_terms import read_truth
from cone_sidecar.web.client_patience import LONGEST_S

PREFIX = "CONE_"
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


def sidecar_settings(flags: Mapping[str, str], environment: Mapping[str, str]) -> SidecarSettings:
    """Read the settings: a flag wins over its variable.

    Raises:
        UsageError: A value has no meaning.
        ConfigurationError: Likewise, where it should be true or false.
    """
    told = {name: flags.get(name) or environment.get(PREFIX + name.upper(), "") for name in NAMES}
    usual = SidecarSettings()
    return SidecarSettings(
        prefetch=tuple(name for part in told["prefetch"].split(",") if (name := part.strip())),
        strict=read_truth("strict", told["strict"], default=usual.strict),
        max_wait=_duration(told, "max_wait", usual.max_wait),
        request_cooldown=_duration(told, "request_cooldown", usual.request_cooldown),
        idle_after=_duration(told, "idle_after", usual.idle_after),
        pod_events=read_truth("pod_events", told["pod_events"], default=usual.pod_events),
    )


def _duration(told: Mapping[str, str], name: str, usual: timedelta) -> timedelta:
    if not told[name]:
        return usual
    duration = parse_duration(told[name])
    if duration is None:
        option = f"--{name.replace('_', '-')}"
        raise UsageError(
            f"{option} ({PREFIX}{name.upper()}) takes a duration", hint=f"{option} 45m"
        )
    return duration
