"""The transition table: what moves a profile's access from which phase to which.

docs/states.md shows it, and the tests hold every transition that is seen to it.
"""

from dataclasses import dataclass

from cone_sidecar.domain.access import OPEN_TASK, SERVED, Cause, Phase

# Where a story may end without credentials.
ENDS = frozenset(
    {
        Phase.NO_GRANT,
        Phase.FORM_REQUIRED,
        Phase.AWAITING_APPROVAL,
        Phase.PROPAGATING,
        Phase.SIGN_IN_REQUIRED,
        Phase.DENIED,
        Phase.NOT_REQUESTABLE,
        Phase.CANCELLED,
        Phase.ERROR,
        Phase.TIMED_OUT,
        Phase.UNKNOWN_OUTCOME,
        Phase.GRANT_EXPIRED,
        Phase.REVOKED,
        Phase.UNREACHABLE,
        Phase.FAILED,
    }
)
# AWS is being asked: for a grant that is there, or that has just been given.
FETCHING = frozenset({Phase.CHECKING, Phase.PROPAGATING, Phase.REFRESHING})
ANY = frozenset(Phase)


@dataclass(frozen=True, slots=True)
class Turn:
    """From any of ``before`` to any of ``after``; ``stays`` is to where it was."""

    before: frozenset[Phase]
    after: frozenset[Phase]
    stays: bool = False

    def allows(self, before: Phase, after: Phase) -> bool:
        """Tell whether this turn leads from ``before`` to ``after``."""
        return before in self.before and (after is before if self.stays else after in self.after)


def _turn(before: frozenset[Phase] | Phase, after: frozenset[Phase] | Phase) -> Turn:
    return Turn(_set(before), _set(after))


def _stay(phases: frozenset[Phase] | Phase) -> Turn:
    return Turn(_set(phases), _set(phases), stays=True)


def _set(phases: frozenset[Phase] | Phase) -> frozenset[Phase]:
    return frozenset({phases}) if isinstance(phases, Phase) else phases


TRANSITIONS: dict[Cause, tuple[Turn, ...]] = {
    Cause.ASKED: (_turn(ENDS | SERVED | {Phase.UNKNOWN}, Phase.CHECKING),),
    Cause.NO_GRANT: (_turn(Phase.CHECKING, Phase.NO_GRANT),),
    Cause.GRANT_OVER: (_turn(SERVED | ENDS | {Phase.CHECKING}, Phase.GRANT_EXPIRED),),
    Cause.SUBMITTING: (_turn(frozenset({Phase.NO_GRANT, Phase.GRANT_EXPIRED}), Phase.REQUESTING),),
    Cause.SUBMITTED: (_stay(Phase.REQUESTING),),
    Cause.ADOPTED: (
        _turn(frozenset({Phase.NO_GRANT, Phase.GRANT_EXPIRED}), Phase.REQUESTING),
        _stay(Phase.REQUESTING),
    ),
    Cause.LOOKED: (_turn(OPEN_TASK, OPEN_TASK),),
    Cause.GRANTED: (_turn(OPEN_TASK, Phase.PROPAGATING),),
    Cause.NOT_YET_IN_AWS: (_turn(FETCHING, Phase.PROPAGATING),),
    Cause.SESSION_ENDED: (_stay(FETCHING),),
    Cause.SIGN_IN_OFFERED: (_turn(FETCHING, Phase.SIGN_IN_REQUIRED),),
    Cause.SIGNED_IN: (
        _turn(Phase.SIGN_IN_REQUIRED, FETCHING),
        _stay(FETCHING),
    ),
    Cause.SERVED: (_turn(FETCHING, frozenset({Phase.READY, Phase.UNVERIFIED})),),
    # From an end as well: a strict sidecar keeps what it may not serve until it is confirmed again.
    Cause.RENEWING: (_turn(SERVED | ENDS, Phase.REFRESHING),),
    Cause.CHECKED: (_turn(SERVED | ENDS, frozenset({Phase.READY, Phase.UNVERIFIED})),),
    Cause.LAPSED: (_turn(SERVED | ENDS, Phase.UNKNOWN),),
    # From an end as well: a story that was stopped leaves what was held before, which is looked after still.
    Cause.KEPT: (_turn(SERVED | FETCHING | ENDS, frozenset({Phase.READY, Phase.UNVERIFIED})),),
    Cause.EXTENDING: (_stay(SERVED),),
    # Approvers take their time; whatever happens meanwhile.
    Cause.EXTENDED: (_stay(ANY),),
    Cause.ENDED: (_turn(ANY, ENDS),),
    Cause.STOPPED: (_turn(ANY, Phase.FAILED),),
    Cause.FORGOTTEN: (_turn(ANY, Phase.UNKNOWN),),
}


def allowed(before: Phase, cause: Cause, after: Phase) -> bool:
    """Tell whether ``cause`` may lead from ``before`` to ``after``."""
    return any(turn.allows(before, after) for turn in TRANSITIONS[cause])
