"""How the access of many profiles stands: one search for grants and one for requests per tenant."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from cone_sidecar.access_request import phase_of_task
from cone_sidecar.clock import Clock
from cone_sidecar.conductorone.grant_search import search_grants
from cone_sidecar.conductorone.open_requests import open_requests
from cone_sidecar.connections import AdapterConnections
from cone_sidecar.domain.access import AccessState, Phase
from cone_sidecar.domain.ports import HeldCredentials
from cone_sidecar.domain.profile import EntitlementRef, Profile
from cone_sidecar.domain.task import Grant, Task
from cone_sidecar.errors import ConeError
from cone_sidecar.freshness import valid
from cone_sidecar.refusal import phase_of
from cone_sidecar.store import FileStore
from cone_sidecar.warm_file import WarmEntry
from cone_sidecar.web.status_view import kept_state, profile_view

# A grant that nobody has fetched credentials for: no story has a phase for it.
GRANTED = "granted"


def profile_survey(
    connections: AdapterConnections, environment: Mapping[str, str], tenant: str, clock: Clock
) -> "AccessSurvey":
    """Return a survey that knows the credentials which are kept in files."""
    store = FileStore(partial(WarmEntry, environment=environment, tenant=tenant))
    return AccessSurvey(connections, store, clock)


@dataclass(frozen=True, slots=True)
class Holdings:
    """What a tenant says that the person has, and has asked for."""

    grants: Mapping[EntitlementRef, Grant]
    requests: Mapping[EntitlementRef, Task]


class AccessSurvey:
    """Ask the tenants of profiles, and look at the credentials that are kept for them."""

    def __init__(self, connections: AdapterConnections, store: FileStore, clock: Clock) -> None:
        self._connections = connections
        self._store = store
        self._clock = clock
        self._answers: dict[str, Holdings | ConeError] = {}

    @property
    def errors(self) -> list[ConeError]:
        """Return why tenants could not be asked."""
        return [answer for answer in self._answers.values() if isinstance(answer, ConeError)]

    async def views(self, profiles: Iterable[Profile]) -> dict[str, dict[str, object]]:
        """Return how each profile stands, by its name; those of a tenant that fails say so."""
        wanted = list(profiles)
        tenants = list(dict.fromkeys(profile.tenant for profile in wanted))
        answers = await asyncio.gather(*(self._holdings(tenant) for tenant in tenants))
        self._answers = dict(zip(tenants, answers, strict=True))
        return {profile.name: self._view(profile) for profile in wanted}

    def kept(self, profiles: Iterable[Profile]) -> dict[str, dict[str, object]]:
        """Return what is known of each profile without asking anybody, by its name."""
        return {profile.name: self._kept_view(profile) for profile in profiles}

    def _kept_view(self, profile: Profile) -> dict[str, object]:
        held = self._store.load(profile)
        there = held is not None and valid(held, self._clock.now())
        return profile_view(
            profile, kept_state(held) if held and there else AccessState(Phase.UNKNOWN)
        )

    async def _holdings(self, tenant_name: str) -> Holdings | ConeError:
        try:
            tenant = self._connections.tenant_named(tenant_name)
            user_id = await tenant.user_id()
            grants, requests = await asyncio.gather(
                search_grants(tenant.api, user_id), open_requests(tenant.api, user_id)
            )
        except ConeError as error:
            return error
        return Holdings(grants, requests)

    def _view(self, profile: Profile) -> dict[str, object]:
        now = self._clock.now()
        held, answer = self._store.load(profile), self._answers[profile.tenant]
        known_grant = Grant(held.grant_ends) if held else None
        if held and not valid(held, now):
            held = None
        if isinstance(answer, ConeError):
            unknown = AccessState(phase_of(answer), error=answer)
            return profile_view(profile, kept_state(held) if held else unknown)
        grant = answer.grants.get(profile.entitlement)
        if grant is None and known_grant and not known_grant.active(now):
            grant = known_grant
        unlisted = self._store.grant_memory(profile).may_be_unlisted(now)
        if unlisted and not (grant and grant.active(now)):
            grant = known_grant or Grant()
        state = _with_task(_state(grant, held, now), answer.requests.get(profile.entitlement))
        view = profile_view(profile, state)
        return view | {"state": GRANTED} if state.phase is Phase.UNKNOWN else view


def _state(grant: Grant | None, held: HeldCredentials | None, now: datetime) -> AccessState:
    """Return what the grant gives; where nobody fetched credentials for it, no story is known."""
    if grant is None:
        return AccessState(Phase.NO_GRANT)
    if not grant.active(now):
        return AccessState(Phase.GRANT_EXPIRED, grant_ends=grant.ends)
    state = kept_state(held) if held else AccessState(Phase.UNKNOWN)
    return replace(state, grant_ends=grant.ends)


def _with_task(state: AccessState, task: Task | None) -> AccessState:
    """Add the open request; without a grant, it is what the access waits for."""
    if task is None:
        return state
    state = replace(state, task_number=task.number, task_url=task.url, since=task.created)
    if state.phase not in {Phase.NO_GRANT, Phase.GRANT_EXPIRED}:
        return state
    phase = phase_of_task(task)
    detail = task.step_name if phase is Phase.UNKNOWN_STEP else ""
    return replace(state, phase=phase, detail=detail, grant_ends=None)
