"""How a task moves through its policy: machines decide by lags and looks, people when they act."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from cone_sidecar.simulator.ids import random_id
from cone_sidecar.simulator.scenario_values import Lags
from cone_sidecar.simulator.simulated_task import (
    Outcome,
    SimulatedStep,
    SimulatedTask,
    StepEnd,
    StepKind,
)

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
LAST_STEPS = PROVISIONS | {StepKind.REJECT, StepKind.TIMING_OUT}
# An automatic policy is decided at the second look at the task at the earliest.
LOOKS_BEFORE_A_DECISION = 2
BOUND_FORM = "form"
ENDS: Mapping[Outcome, StepEnd] = {
    Outcome.GRANTED: StepEnd.COMPLETED,
    Outcome.REVOKED: StepEnd.COMPLETED,
    Outcome.DENIED: StepEnd.DENIED,
    Outcome.ERROR: StepEnd.ERRORED,
    Outcome.CANCELLED: StepEnd.CANCELLED,
    Outcome.WAIT_TIMED_OUT: StepEnd.TIMED_OUT,
}


def steps_of(
    names: Sequence[str], *, answered: bool = False, emergency: bool = False
) -> list[SimulatedStep]:
    """Return the steps of a request; provisioning ends it, unless something else does.

    Args:
        names: What the policy goes through, as scenarios name it.
        answered: The bound form's answers came with the request; otherwise they are its first step.
        emergency: The emergency policy holds, which asks nobody.
    """
    kinds = [StepKind(name) for name in names if name != BOUND_FORM]
    if BOUND_FORM in names and not answered:
        kinds.insert(0, StepKind.FORM)
    if emergency:
        kinds = [kind for kind in kinds if kind in PROVISIONS]
    if not kinds or kinds[-1] not in LAST_STEPS:
        kinds.append(StepKind.PROVISION)
    return [SimulatedStep(random_id(), kind) for kind in kinds]


def look(task: SimulatedTask, now: datetime) -> None:
    """Count a client's look."""
    task.looks += 1
    if task.looks >= LOOKS_BEFORE_A_DECISION:
        task.decidable_from = task.decidable_from or now


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
        if now < due or task.decidable_from is None:
            return
        _finish(task, step, max(due, task.decidable_from))


def approve(task: SimulatedTask, user_id: str, now: datetime) -> None:
    """Approve the current step.

    Raises:
        ValueError: Nothing waits for an approval.
    """
    step = task.steps[task.position]
    if step.kind is not StepKind.APPROVAL:
        message = "no approval is due"
        raise ValueError(message)
    task.decidable_from = task.decidable_from or now
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
    step.started = step.started or _previous_end(task)
    step.ended, step.end, step.by = now, ENDS[outcome], by
    task.outcome, task.closed_at, task.updated_at = outcome, now, now


def escalate(task: SimulatedTask, now: datetime, *, by: str) -> None:
    """Put the task under the emergency policy: what is still to be decided is skipped."""
    step = task.steps[task.position]
    task.emergency, task.updated_at = True, now
    if step.kind in PROVISIONS:
        return
    task.decidable_from = task.decidable_from or now
    ahead = [each for each in task.steps[task.position + 1 :] if each.kind in PROVISIONS]
    task.steps[task.position + 1 :] = ahead or [SimulatedStep(random_id(), StepKind.PROVISION)]
    _end(task, step, now, by=by, end=StepEnd.SKIPPED)


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


def _end(
    task: SimulatedTask,
    step: SimulatedStep,
    now: datetime,
    *,
    by: str = "",
    end: StepEnd = StepEnd.COMPLETED,
) -> None:
    step.started = step.started or _previous_end(task)
    step.ended, step.end, step.by = now, end, by
    task.position += 1
    task.updated_at = now


def _previous_end(task: SimulatedTask) -> datetime:
    if task.position == 0:
        return task.created_at
    return task.steps[task.position - 1].ended or task.created_at
