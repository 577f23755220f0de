"""Which Identity Center instance a command means: the AWS config file, else the saved settings."""

import argparse
from collections.abc import Mapping

from cone_sidecar.ascii_text import ascii_text
from cone_sidecar.aws_config.profiles import read_profiles
from cone_sidecar.cone_config import AwsSettings, ConeConfig
from cone_sidecar.domain.profile import DEFAULT_SSO_SESSION, DEFAULT_TENANT, SsoSession
from cone_sidecar.errors import ConfigurationError, UsageError
from cone_sidecar.profile_template import DEFAULT_TEMPLATE, ProfileTemplate, parse_template


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
    config = ConeConfig.load(environment)
    tenant = tenant_name(argparse.Namespace(), environment, config)
    settings = config.aws_settings(tenant)
    told = AwsSettings(
        environment.get("CONE_SSO_URL") or settings.sso_url,
        environment.get("CONE_SSO_REGION") or settings.sso_region,
    )
    if not told.sso_url:
        return None
    own = config.has_own_settings(tenant) and told.sso_url == settings.sso_url
    return session_of(told, tenant if own else "")


def saved_region(environment: Mapping[str, str]) -> str:
    """Return the default region of the environment or of ``cone aws setup``.

    Raises:
        ConfigurationError: The settings can't be read.
    """
    config = ConeConfig.load(environment)
    tenant = tenant_name(argparse.Namespace(), environment, config)
    return environment.get("CONE_REGION") or config.aws_settings(tenant).region


def saved_template(environment: Mapping[str, str]) -> ProfileTemplate:
    """Return the template of profiles' names that ``cone aws setup`` saved.

    Raises:
        ConfigurationError: The settings can't be read, or the template means nothing.
    """
    config = ConeConfig.load(environment)
    tenant = tenant_name(argparse.Namespace(), environment, config)
    return template_of(config.aws_settings(tenant), config)


def template_of(settings: AwsSettings, config: ConeConfig) -> ProfileTemplate:
    """Return the template of saved ``settings``; raises as :func:`saved_template` does."""
    if not settings.profile_template:
        return DEFAULT_TEMPLATE
    try:
        return parse_template(settings.profile_template)
    except UsageError as error:
        raise ConfigurationError(
            f"aws_profile_template in {ascii_text(str(config.path))}: {error.message}",
            hint=error.hint,
        ) from None


def session_of(settings: AwsSettings, tenant: str) -> SsoSession:
    """Return the session that ``settings`` describe, named after ``tenant`` where they are its own.

    Its name is that of the file which holds the sign-in: two instances under one would end each other's.
    """
    suffix = "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "-" for c in tenant)
    name = f"{DEFAULT_SSO_SESSION}-{suffix}" if suffix else DEFAULT_SSO_SESSION
    return SsoSession(name, settings.sso_url, settings.sso_region)


def tenant_name(
    args: argparse.Namespace, environment: Mapping[str, str], config: ConeConfig
) -> str:
    """Return which profile of the original's config file is used (order: reference §1.4)."""
    return (
        getattr(args, "tenant_profile", "")
        or environment.get("CONE_PROFILE", "")
        or config.default_profile
        or DEFAULT_TENANT
    )
