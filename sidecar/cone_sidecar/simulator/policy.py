"""How a task moves through its policy: machines decide by lags and looks, people when they act."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from cone_sidecar.simulator.ids import random_id
from cone_sidecar.simulator.scenario import Lags
from cone_sidecar.simulator.simulated_task import Outcome, SimulatedStep, SimulatedTask, StepKind

MACHINES = frozenset(
    {
        StepKind.WEBHOOK,
        StepKind.AGENT,
        StepKind.EXPRESSION,
        StepKind.WAIT,
        StepKind.REJECT,
        StepKind.TIMING_OUT,
    }
)
PROVISIONS = frozenset({StepKind.PROVISION, StepKind.FAILING_PROVISION})
# An automatic policy is decided at the second look at the task at the earliest.
LOOKS_BEFORE_A_DECISION = 2


def steps_of(names: Iterable[str]) -> list[SimulatedStep]:
    """Return the steps of a policy; provisioning ends it, unless something else does."""
    kinds = [StepKind(name) for name in names]
    if not kinds or kinds[-1] not in {
        StepKind.REJECT,
        StepKind.TIMING_OUT,
        StepKind.FAILING_PROVISION,
    }:
        kinds.append(StepKind.PROVISION)
    return [SimulatedStep(random_id(), kind) for kind in kinds]


def advance(task: SimulatedTask, lags: Lags, now: datetime) -> None:
    """Let machines do what is due at ``now``."""
    while not task.closed:
        step = task.steps[task.position]
        if step.started is None:
            step.started = _previous_end(task)
        if step.kind in MACHINES:
            due = step.started + timedelta(seconds=lags.policy_step)
        elif step.kind in PROVISIONS:
            due = step.started + timedelta(seconds=lags.provisioning)
        else:
            return
        if now < due or task.looks < LOOKS_BEFORE_A_DECISION:
            return
        _finish(task, step, due)


def approve(task: SimulatedTask, user_id: str, now: datetime) -> None:
    """Approve the current step.

    Raises:
        ValueError: Nothing waits for an approval.
    """
    step = task.steps[task.position]
    if step.kind is not StepKind.APPROVAL:
        message = "no approval is due"
        raise ValueError(message)
    _end(task, step, now, by=user_id)


def complete_form(
    task: SimulatedTask, user_id: str, data: dict[str, object], now: datetime
) -> None:
    """Take the answers of a form step.

    Raises:
        ValueError: Nothing waits for answers.
    """
    step = task.steps[task.position]
    if step.kind is not StepKind.FORM:
        message = "no form is due"
        raise ValueError(message)
    task.data |= data
    _end(task, step, now, by=user_id)


def close(task: SimulatedTask, outcome: Outcome, now: datetime, *, by: str = "") -> None:
    """End the task."""
    step = task.steps[task.position]
    step.started = step.started or task.created_at
    step.ended, step.by = now, by
    step.denied = outcome is Outcome.DENIED
    task.outcome, task.closed_at, task.updated_at = outcome, now, now


def escalate(task: SimulatedTask, now: datetime) -> None:
    """Put the task under the emergency policy: what waits for a person is provisioned at once."""
    step = task.steps[task.position]
    task.emergency = True
    if step.kind is StepKind.APPROVAL:
        _end(task, step, now)


def _finish(task: SimulatedTask, step: SimulatedStep, at: datetime) -> None:
    match step.kind:
        case StepKind.REJECT:
            close(task, Outcome.DENIED, at)
        case StepKind.TIMING_OUT:
            close(task, Outcome.WAIT_TIMED_OUT, at)
        case StepKind.FAILING_PROVISION:
            close(task, Outcome.ERROR, at)
        case StepKind.PROVISION:
            close(task, Outcome.REVOKED if task.revokes else Outcome.GRANTED, at)
        case _:
            _end(task, step, at)


def _end(task: SimulatedTask, step: SimulatedStep, now: datetime, *, by: str = "") -> None:
    step.started = step.started or task.created_at
    step.ended, step.by = now, by
    task.position += 1
    task.updated_at = now


def _previous_end(task: SimulatedTask) -> datetime:
    if task.position == 0:
        return task.created_at
    return task.steps[task.position - 1].ended or task.created_at
