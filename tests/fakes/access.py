"""A tenant and an Identity Center that answer as a test tells them to."""

import asyncio
from datetime import timedelta
from typing import ClassVar

from cone_sidecar.domain.access import Phase
from cone_sidecar.domain.credentials import RoleCredentials
from cone_sidecar.domain.ports import DuplicateTask, PendingSignIn, RoleNotAssigned, SessionEnded
from cone_sidecar.domain.profile import EntitlementRef, Profile, SsoSession
from cone_sidecar.domain.task import Entitlement, Grant, Outcome, StepKind, Task
from cone_sidecar.domain.transitions import allowed
from cone_sidecar.secret import Secret

SESSION = SsoSession("cone-sso", "https://acme.awsapps.com/start", "us-east-1")
PROFILE = Profile(
    name="production-admin",
    entitlement=EntitlementRef("a" * 27, "e" * 27),
    account_id="000000000001",
    role_name="Admin",
    session=SESSION,
)


def a_task(step=StepKind.NONE, outcome=Outcome.UNSPECIFIED, closed=False, outcome_name=""):
    """Make task 1234 in some state."""
    url = "https://acme.conductor.one/task/1234"
    return Task("t" * 27, "1234", url, closed, outcome, outcome_name or outcome.value, step)


GRANTED = a_task(outcome=Outcome.GRANTED, closed=True)


class FakeTenant:
    """Remember each call; ``tasks`` are what the looks at the task see, the last one for ever."""

    def __init__(
        self, *, grant=None, tasks=(GRANTED,), form="", duplicate=False, max_duration=None
    ):
        self.calls = []
        self.requests = []
        self.grant_answer = grant
        self.tasks = list(tasks)
        self.form = form
        self.duplicate = duplicate
        self.max_duration = max_duration
        self.gate = None

    async def grant(self, entitlement):
        self.calls.append("grant")
        if self.gate:
            await self.gate.wait()
        await asyncio.sleep(0)
        if isinstance(self.grant_answer, Exception):
            raise self.grant_answer
        return self.grant_answer

    async def entitlement(self, ref):
        self.calls.append("entitlement")
        return Entitlement(ref, "Admin Permission Set", self.max_duration, "")

    async def request_form(self, ref):
        self.calls.append("request_form")
        return self.form

    async def request_grant(self, request):
        self.calls.append("request_grant")
        self.requests.append(request)
        if isinstance(self.duplicate, Exception):
            raise self.duplicate
        if self.duplicate:
            raise DuplicateTask("t" * 27)
        return a_task()

    async def task(self, task_id):
        self.calls.append("task")
        task = self.tasks[0]
        if len(self.tasks) > 1:
            self.tasks.pop(0)
        if isinstance(task, Exception):
            raise task
        return task

    async def open_request(self, entitlement):
        self.calls.append("open_request")
        return a_task() if self.duplicate else None

    async def cancel_request(self, task_id):
        self.calls.append("cancel_request")
        self.tasks = [a_task(outcome=Outcome.CANCELLED, closed=True)]

    async def user_name(self, user_id):
        self.calls.append("user_name")
        return user_id.title()

    async def permission_sets(self):
        return []


class FakeIdentityCenter:
    """Give credentials, after as many refusals as the test likes."""

    def __init__(self, clock, *, refusals=(), signed_in=True, life=timedelta(hours=1)):
        self.clock = clock
        self.refusals = list(refusals)
        self.signed_in = signed_in
        self.life = life
        self.calls = []
        self.confirmed = asyncio.Event()

    async def role_credentials(self, account_id, role_name):
        self.calls.append("role_credentials")
        await asyncio.sleep(0)
        if not self.signed_in:
            raise SessionEnded
        if self.refusals:
            raise self.refusals.pop(0)
        return RoleCredentials(
            f"ASIA{len(self.calls):016}",
            Secret("the-secret-key"),
            Secret("the-session-token"),
            self.clock.now() + self.life,
            account_id,
        )

    async def session_ends(self):
        self.calls.append("session_ends")
        if not self.signed_in:
            raise SessionEnded
        return self.clock.now() + timedelta(hours=8)

    async def begin_sign_in(self):
        self.calls.append("begin_sign_in")
        return PendingSignIn(
            "https://device.example/",
            "https://device.example/?user_code=ABCD-EFGH",
            "ABCD-EFGH",
            self.clock.now() + timedelta(minutes=10),
        )

    async def complete_sign_in(self):
        self.calls.append("complete_sign_in")
        await self.confirmed.wait()
        self.signed_in = True


class FakeConnections:
    """One tenant and one instance for every profile."""

    def __init__(self, tenant, identity_center):
        self._tenant = tenant
        self._identity_center = identity_center

    def tenant(self, profile):
        return self._tenant

    def identity_center(self, profile):
        return self._identity_center


class Recorder:
    """Listen and remember, and hold every transition to the table; conftest fails who breaks it."""

    broken: ClassVar[list[str]] = []

    def __init__(self):
        self.events = []
        self._phases = {}

    def emit(self, event):
        before, after = self._phases.get(event.profile, Phase.UNKNOWN), event.state.phase
        if not allowed(before, event.cause, after):
            Recorder.broken.append(f"{before} -> {event.cause} -> {after}")
        self._phases[event.profile] = after
        self.events.append(event)

    @property
    def phases(self):
        return [event.state.phase for event in self.events]

    @property
    def causes(self):
        return [event.cause for event in self.events]


STANDING = Grant()
NOT_ASSIGNED = RoleNotAssigned()
