"""The terms of requests as configuration words them: the same keys in every place that has them."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from cone_sidecar.ascii_text import ascii_text
from cone_sidecar.domain.profile import RequestTerms
from cone_sidecar.duration import parse_duration
from cone_sidecar.errors import ConfigurationError
from cone_sidecar.truth import parse_truth

KEYS = (
    "cone_justification",
    "cone_duration",
    "cone_auto_request",
    "cone_emergency",
    "cone_extend_before",
)


def read_terms(values: Mapping[str, str], defaults: RequestTerms, *, where: str) -> RequestTerms:
    """Return ``defaults`` with what ``values`` say over them; an empty value says nothing.

    Args:
        values: Texts under ``KEYS``; other keys are ignored.
        defaults: What is true where they say nothing.
        where: Whose keys they are, for the error.

    Raises:
        ConfigurationError: A value has no meaning.
    """
    return replace(
        defaults,
        justification=values.get("cone_justification", "") or defaults.justification,
        duration=_duration(values, "cone_duration", where) or defaults.duration,
        emergency=_truth(values, "cone_emergency", where, default=defaults.emergency),
        auto_request=_truth(values, "cone_auto_request", where, default=defaults.auto_request),
        extend_before=_duration(values, "cone_extend_before", where) or defaults.extend_before,
    )


def default_terms(environment: Mapping[str, str], saved: Mapping[str, str]) -> RequestTerms:
    """Return what is true for every profile that doesn't say otherwise.

    Args:
        environment: Its variables ``CONE_JUSTIFICATION`` and so on win.
        saved: The keys of the original's config file.

    Raises:
        ConfigurationError: A value has no meaning.
    """
    told = {key: environment.get(key.upper(), "") for key in KEYS}
    terms = read_terms(saved, RequestTerms(), where="config.yaml")
    return read_terms(told, terms, where="the environment")


def read_truth(key: str, text: str, *, default: bool, where: str = "the configuration") -> bool:
    """Read what stands under ``key``; empty is ``default``.

    Raises:
        ConfigurationError: It is neither true nor false.
    """
    truth = parse_truth(text) if text else default
    if truth is None:
        raise ConfigurationError(
            f"{key} of {ascii_text(where)} is neither true nor false",
            hint=f"write {key} = true, or false",
        )
    return truth


def _truth(values: Mapping[str, str], key: str, where: str, *, default: bool) -> bool:
    return read_truth(key, values.get(key, ""), default=default, where=where)


def _duration(values: Mapping[str, str], key: str, where: str) -> timedelta | None:
    text = values.get(key, "")
    if not text:
        return None
    duration = parse_duration(text)
    if duration is None:
        raise ConfigurationError(
            f"{key} of {ascii_text(where)} is no duration",
            hint=f"write it as in {key} = 12h, 2h45m or 1w2d",
        )
    return duration
