"""Which Identity Center instance a command means: the AWS config file, else the saved settings."""

from collections.abc import Mapping

from cone_sidecar.aws_config.profiles import read_profiles
from cone_sidecar.cone_config import ConeConfig
from cone_sidecar.domain.profile import DEFAULT_SSO_SESSION, SsoSession
from cone_sidecar.errors import ConfigurationError


def configured_session(name: str, environment: Mapping[str, str]) -> SsoSession:
    """Return the session called ``name``, or the one there is.

    Raises:
        ConfigurationError: There is none, or several and no name.
    """
    sessions = {
        profile.session.name: profile.session for profile in read_profiles(environment).values()
    }
    if name in sessions:
        return sessions[name]
    if not name and len(sessions) == 1:
        return next(iter(sessions.values()))
    if not name and DEFAULT_SSO_SESSION in sessions:
        return sessions[DEFAULT_SSO_SESSION]
    saved = saved_session(environment)
    if saved and name in {"", DEFAULT_SSO_SESSION}:
        return saved
    raise ConfigurationError(
        "no AWS SSO session of that name is configured"
        if name
        else "no AWS SSO configuration found",
        hint="cone aws setup --sso-url <url>",
    )


def saved_session(environment: Mapping[str, str]) -> SsoSession | None:
    """Return the session of the environment or of ``cone aws setup``, None where there is none.

    Raises:
        ConfigurationError: The settings can't be read.
    """
    settings = ConeConfig.load(environment).aws_settings
    sso_url = environment.get("CONE_SSO_URL") or settings.sso_url
    if not sso_url:
        return None
    region = environment.get("CONE_SSO_REGION") or settings.sso_region
    return SsoSession(DEFAULT_SSO_SESSION, sso_url, region)
