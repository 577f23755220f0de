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
    settings = ConeConfig.load(environment).aws_settings
    if settings.sso_url and name in {"", DEFAULT_SSO_SESSION}:
        return SsoSession(DEFAULT_SSO_SESSION, settings.sso_url, settings.sso_region)
    raise ConfigurationError(
        "no AWS SSO session of that name is configured"
        if name
        else "no AWS SSO configuration found",
        hint="cone aws setup --sso-url <url>",
    )
