"""Identity Center's links of the chain: its region, its servers, the session, the role. Nobody signs in."""

import asyncio
import re
from collections.abc import Mapping
from pathlib import Path

from cone_cli.doctor.finding import Finding, Level
from cone_cli.doctor.outside import STEP_S, Server, ask, failed
from cone_cli.doctor.profile_check import UPDATE
from cone_sidecar.clock import Clock, rfc3339
from cone_sidecar.connections import AdapterConnections
from cone_sidecar.domain.ports import RoleNotAssigned
from cone_sidecar.domain.profile import Profile, SsoSession
from cone_sidecar.errors import ConeError
from cone_sidecar.identity_center.endpoints import EndpointResolver, Endpoints
from cone_sidecar.identity_center.portal import TokenRefused, check_session, get_role_credentials
from cone_sidecar.identity_center.token_cache import SsoToken, TokenCache

# The start URLs of newer instances name their region.
REGION_IN_URL = re.compile(r"https://[^/]*\.portal\.([a-z0-9-]+)\.app\.aws(?:[/:]|$)")
LOGIN = "cone aws login"
PROPAGATES = f"retry in a minute; if it stays so: {UPDATE}"


def check_region(session: SsoSession) -> list[Finding]:
    """Return whether the start URL is of another region than the session; nobody is asked."""
    named = REGION_IN_URL.match(session.start_url)
    if not named or named[1] == session.region:
        return []
    what = f"the start URL is of {named[1]}, and the SSO region is {session.region}"
    fix = f"cone aws setup --sso-region {named[1]}"
    return [Finding("sso-region", Level.FAIL, what, fix, session.start_url)]


def check_session_file(
    environment: Mapping[str, str], session: SsoSession, clock: Clock
) -> tuple[Finding, SsoToken | None]:
    """Return how the session stands by its file, and the token if it lives; nobody is asked."""
    cache = TokenCache(
        Path(environment.get("HOME") or Path.home(), ".aws", "sso", "cache"), session
    )
    now = clock.now()
    token, path = cache.token(now), str(cache.token_path)
    if token is None:
        return Finding("session", Level.FAIL, "nobody is signed in to AWS", LOGIN, path), None
    if token.expires > now:
        renewed = ", and renews itself" if token.refreshable(now) else ""
        what = f"the AWS session lasts until {rfc3339(token.expires)}{renewed}"
        if not cache.token_path.exists():
            path = "another session's file, of the same start URL and region"
        return Finding("session", Level.OK, what, "", path), token
    if token.refreshable(now):
        what = f"the AWS session ended at {rfc3339(token.expires)}; it is renewed at the next call"
        return Finding("session", Level.INFO, what, "", path), None
    what = f"the AWS session ended at {rfc3339(token.expires)}"
    return Finding("session", Level.FAIL, what, LOGIN, path), None


async def check_servers(
    connections: AdapterConnections,
    environment: Mapping[str, str],
    session: SsoSession,
    clock: Clock,
) -> tuple[list[Finding], Endpoints | None]:
    """Return whether both services of the session's region answer, and where they are."""
    resolver = EndpointResolver(connections.state_directory, environment)
    try:
        async with asyncio.timeout(STEP_S):
            endpoints = await resolver.resolve(session.region)
    except ConeError as error:
        return [Finding("sso-region", Level.FAIL, error.message, error.hint)], None
    except TimeoutError:
        return [
            Finding("sso-region", Level.WARN, "the region could not be looked up in time")
        ], None
    urls = dict.fromkeys((endpoints.portal, endpoints.oidc))
    name = f"Identity Center in {session.region}"
    servers = [Server("identity-center", name, url, "AWS_CA_BUNDLE") for url in urls]
    answers = await asyncio.gather(*(ask(each, connections.client, clock) for each in servers))
    for found in answers:
        if failed(found):
            return found, None
    return answers[0], endpoints


async def check_role(
    connections: AdapterConnections,
    portal: str,
    token: SsoToken,
    profile: Profile | None,
    clock: Clock,
    *,
    granted: bool | None,
) -> list[Finding]:
    """Ask the portal for the profile's role, else whether it knows the session; what it gives is dropped."""
    try:
        async with asyncio.timeout(STEP_S):
            await _ask_portal(connections, portal, token, profile, clock)
    except TokenRefused:
        what = "AWS refuses the session: it was ended, or is of another region"
        fix = f"{LOGIN} --force; if it stays so: cone aws setup show"
        found = Finding("session-refused", Level.FAIL, what, fix, token.region)
    except RoleNotAssigned:
        if not granted:
            # Where there is no grant, or nobody knows, AWS's no is what follows.
            return []
        what = "access is granted, and AWS gives no credentials for the role (yet)"
        found = Finding("role", Level.FAIL, what, PROPAGATES, _role(profile))
    except TimeoutError:
        what = f"AWS gives no role credentials within {STEP_S} s"
        found = Finding("role", Level.FAIL, what, "retry shortly", portal)
    except ConeError as error:
        found = Finding("role", Level.FAIL, error.message, error.hint, _role(profile))
    else:
        what = "AWS gives credentials for the role" if profile else "AWS knows the session"
        found = Finding("role", Level.OK, what, "", _role(profile))
    return [found]


async def _ask_portal(
    connections: AdapterConnections,
    portal: str,
    token: SsoToken,
    profile: Profile | None,
    clock: Clock,
) -> None:
    client, access_token = connections.client, token.access_token
    if profile is None:
        await check_session(client, portal, access_token, clock=clock)
        return
    await get_role_credentials(
        client,
        portal,
        access_token,
        account_id=profile.account_id,
        role_name=profile.role_name,
        clock=clock,
    )


def _role(profile: Profile | None) -> str:
    return f"{profile.account_id}/{profile.role_name}" if profile else ""
