"""A task that a command asks for: created or adopted, its forms answered, waited for, printed."""

import contextlib
import itertools
from collections.abc import Callable, Mapping

from cone_cli import terminal
from cone_cli.access_details import AccessDetails
from cone_cli.output import put_object
from cone_cli.task_rows import COLUMNS, WIDE_COLUMNS, task_row, wide_task_row
from cone_cli.task_wait import closed_task, tell_end
from cone_sidecar.clock import Clock
from cone_sidecar.conductorone.api_client import ApiError
from cone_sidecar.conductorone.request_form import RequestForm
from cone_sidecar.conductorone.request_schema import update_request_data, waiting_form
from cone_sidecar.conductorone.task_creation import TaskCreation, TaskKind
from cone_sidecar.conductorone.task_view import (
    TaskJson,
    current_step,
    is_closed,
    task_answer,
    task_in,
    task_name,
)
from cone_sidecar.conductorone.tenant import ConductorOneTenant
from cone_sidecar.conductorone.wire import task_url
from cone_sidecar.domain.ports import DuplicateTask
from cone_sidecar.errors import ConeError, Unreachable, UpstreamError, UpstreamRejected
from cone_sidecar.pace import task_delays

# A new task has no step until its policy is evaluated, which takes a moment.
FIRST_LOOKS = 3
Answer = Callable[[RequestForm], Mapping[str, object]]


class RequestedTask:
    """Ask for a task, and see to it.

    Args:
        tenant: Who is asked.
        clock: The time.
        kind: The API's word for what is asked for.
        answer: Fills in a form that the task turns out to wait for.
    """

    def __init__(
        self, tenant: ConductorOneTenant, clock: Clock, kind: TaskKind, answer: Answer
    ) -> None:
        self._api = tenant.api
        self._clock = clock
        self._creation = TaskCreation(tenant.api, clock, kind)
        self._answer = answer
        self._answered: set[str] = set()
        self._task: TaskJson = {}

    async def adopt_open(self, access: Mapping[str, object]) -> bool:
        """Adopt the open task for the same access, if there is one; tells whether there was.

        Args:
            access: ``appId``, ``appEntitlementId`` and ``identityUserId``.
        """
        try:
            task_id = await self._creation.open_task_id(access)
        except ApiError:
            # A search that isn't allowed finds nothing: the creation tells.
            return False
        if task_id:
            await self._adopt(task_id)
        return bool(task_id)

    async def create(self, body: Mapping[str, object]) -> None:
        """Create the task, or adopt the one that is open already.

        Raises:
            NotRequestable: This person may not ask for it.
            UpstreamRejected: It is refused for another reason.
            Unreachable: Nobody knows whether it arrived, or it surely did not.
        """
        try:
            self._task = task_in(await self._creation.create(body))
        except DuplicateTask as duplicate:
            if not duplicate.task_id:
                raise UpstreamRejected(
                    "a pending request already exists, and ConductorOne doesn't show it",
                    hint="cone task search --state open",
                ) from None
            await self._adopt(duplicate.task_id)
        if not self._task.get("id"):
            raise UpstreamRejected("ConductorOne answers without a task", hint="cone task search")

    @property
    def number(self) -> str:
        """Return what people call it."""
        return task_name(self._task)

    @property
    def emergency(self) -> bool:
        """Tell whether it asks for emergency access."""
        return bool(self._task.get("emergencyAccess"))

    async def conclude(
        self, output: str, *, wait: bool, details: AccessDetails | None = None
    ) -> int:
        """See to the task, to its end if that is asked for, and print it; returns the exit code.

        Raises:
            RequestFormRequired: It waits for answers that can't be had here. It is printed before.
        """
        try:
            if wait:
                terminal.note(f"task {self.number}: {self._url}")
                await closed_task(self._look, self._clock)
            else:
                await self._settle()
        except ConeError:
            # It is there all the same, and its number must not be lost.
            self._put(output, details)
            raise
        self._put(output, details)
        return tell_end(self._task) if wait else 0

    async def _adopt(self, task_id: str) -> None:
        self._task = task_in(await task_answer(self._api, task_id))
        terminal.note(f"a pending request already exists: task {self.number}")

    @property
    def _url(self) -> str:
        return task_url(self._task, self._api.host)

    def _put(self, output: str, details: AccessDetails | None) -> None:
        content: object = self._task
        if details is not None and output.startswith("json"):
            content = {
                "app": details.app,
                "entitlement": details.entitlement,
                "task": self._task,
            }
        elif details is not None:
            details.put_tables(output)
        put_object(
            output,
            content,
            list(zip(COLUMNS, task_row(self._task), strict=True)),
            list(zip(WIDE_COLUMNS, wide_task_row(self._task), strict=True)),
            above=f"Ticket URL: {self._url}",
        )

    async def _settle(self) -> None:
        """Look until the task's first step shows, and answer a form that it is."""
        for delay in itertools.islice(task_delays(), FIRST_LOOKS):
            # A look that fails leaves what the creation told.
            with contextlib.suppress(UpstreamError):
                await self._read()
            await self._answer_form()
            if is_closed(self._task) or current_step(self._task):
                return
            await self._clock.sleep(delay)

    async def _look(self) -> TaskJson:
        await self._read()
        await self._answer_form()
        return self._task

    async def _read(self) -> None:
        self._task = task_in(await task_answer(self._api, str(self._task["id"])))

    async def _answer_form(self) -> None:
        form, step_id = waiting_form(self._task), str(current_step(self._task).get("id") or "")
        if form is None or step_id in self._answered:
            return
        answers = self._answer(form)
        try:
            await update_request_data(self._api, str(self._task["id"]), answers)
        except Unreachable as error:
            error.hint = f"see whether it has the answers: cone task get {self.number}"
            raise
        # What is read may lag behind what was written: no step is answered twice.
        self._answered.add(step_id)
        with contextlib.suppress(UpstreamError):
            await self._read()
