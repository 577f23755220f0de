"""The tenant's links of the chain: reached, logged in, the entitlement, its grant. Nothing is requested."""

import asyncio
import shlex
from dataclasses import dataclass, field

from cone_cli.doctor.finding import Finding, Level
from cone_cli.doctor.outside import STEP_S, Server, ask, failed
from cone_sidecar.access_request import phase_of_task
from cone_sidecar.ascii_text import ascii_text
from cone_sidecar.clock import Clock, rfc3339
from cone_sidecar.conductorone.tenant import ConductorOneTenant
from cone_sidecar.connections import AdapterConnections
from cone_sidecar.domain.access import Phase
from cone_sidecar.domain.profile import Profile
from cone_sidecar.domain.task import Task
from cone_sidecar.errors import ConeError, LoginRequired, UpstreamError
from cone_sidecar.refusal import form_command, request_command

# What has the form of no id is refused before it is looked for.
NOT_FOUND = frozenset({400, 404})


@dataclass(slots=True)
class TenantFindings:
    """What was found, and whether there is a grant (None where that isn't known)."""

    findings: list[Finding] = field(default_factory=list)
    granted: bool | None = None


def check_login(
    connections: AdapterConnections, name: str, login: str
) -> tuple[Finding, ConductorOneTenant | None]:
    """Return whether there is a login for the tenant called ``name``, and the tenant; nobody is asked.

    ``login`` is the profile of cone's config file that somebody chose for it, empty where nobody did.
    """
    try:
        tenant = connections.tenant_named(name)
    except LoginRequired as error:
        what, fix = error.message, error.hint
        if login:
            what += f": cone's config file has no complete login under {ascii_text(login)}"
            fix = f"cone login <tenant> --profile {shlex.quote(login)}, or name another one"
        return Finding("cone-login", Level.FAIL, what, fix, name), None
    except ConeError as error:
        return Finding("cone-login", Level.FAIL, error.message, error.hint, name), None
    what = f"there is a login for {tenant.api.host.authority}"
    return Finding("cone-login", Level.OK, what, evidence=f"tenant {name}"), tenant


async def check_tenant(
    connections: AdapterConnections,
    tenant: ConductorOneTenant,
    profile: Profile | None,
    clock: Clock,
) -> TenantFindings:
    """Follow the chain until a link is broken."""
    host = tenant.api.host
    server = Server("conductorone", "ConductorOne", host.base_url, "SSL_CERT_FILE")
    found = TenantFindings(await ask(server, connections.client, clock))
    if failed(found.findings):
        return found
    try:
        async with asyncio.timeout(STEP_S):
            user = await tenant.user_id()
        found.findings.append(
            Finding(
                "conductorone-login", Level.OK, "ConductorOne accepts the login", "", f"user {user}"
            )
        )
        if profile:
            await _access(tenant, profile, clock, found)
    except TimeoutError:
        what = f"ConductorOne doesn't answer within {STEP_S} s"
        found.findings.append(
            Finding(
                "conductorone-http", Level.FAIL, what, f"curl -I {host.base_url}", host.base_url
            )
        )
    except LoginRequired as error:
        found.findings.append(Finding("conductorone-login", Level.FAIL, error.message, error.hint))
    except ConeError as error:
        found.findings.append(Finding("conductorone-http", Level.FAIL, error.message, error.hint))
    return found


async def _access(
    tenant: ConductorOneTenant, profile: Profile, clock: Clock, found: TenantFindings
) -> None:
    try:
        async with asyncio.timeout(STEP_S):
            entitlement, grant = await asyncio.gather(
                tenant.entitlement(profile.entitlement), tenant.grant(profile.entitlement)
            )
    except UpstreamError as error:
        if error.status not in NOT_FOUND:
            raise
        what = "ConductorOne knows no such entitlement any more"
        fix = "cone aws setup --prune, then: cone aws setup"
        evidence = profile.entitlement.entitlement_id
        found.findings.append(Finding("entitlement", Level.FAIL, what, fix, evidence))
        return
    found.findings.append(
        Finding("entitlement", Level.OK, "the entitlement is there", "", entitlement.display_name)
    )
    found.granted = grant is not None and grant.active(clock.now())
    if grant and found.granted:
        ends = f"until {rfc3339(grant.ends)}" if grant.ends else "for good"
        found.findings.append(Finding("grant", Level.OK, f"access is granted {ends}"))
        return
    async with asyncio.timeout(STEP_S):
        task, form = await asyncio.gather(
            tenant.open_request(profile.entitlement), tenant.request_form(profile.entitlement)
        )
    found.findings.append(
        _waiting(profile, task) if task else _not_granted(profile, form=bool(form))
    )


def _waiting(profile: Profile, task: Task) -> Finding:
    phase = phase_of_task(task)
    person = phase in {Phase.AWAITING_APPROVAL, Phase.FORM_REQUIRED, Phase.AWAITING_REPAIR}
    level = Level.FAIL if person else Level.WARN
    what = f'access to "{profile.name}" is requested: {phase}'
    return Finding("open-request", level, what, f"cone task get {task.number}", task.url)


def _not_granted(profile: Profile, *, form: bool) -> Finding:
    if form:
        what = f'access to "{profile.name}" needs a request form, which no SDK can fill in'
        return Finding("request-form", Level.FAIL, what, form_command(profile.entitlement))
    fix = request_command(profile)
    if not profile.terms.auto_request:
        what = "there is no active grant, and cone_auto_request lets nobody ask for one by itself"
        return Finding("grant", Level.FAIL, what, fix)
    what = "there is no active grant: it is asked for at the first call of an SDK"
    return Finding("grant", Level.WARN, what, fix)
