"""Which credentials may be served, and when they are renewed or their grant is looked at again."""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from cone_sidecar.domain.credentials import ADVISORY_WINDOW, CHECK_VALID_FOR, MINIMUM_LIFE
from cone_sidecar.domain.ports import HeldCredentials

RENEWAL_MARGIN = ADVISORY_WINDOW + timedelta(minutes=5)
# Up to so much earlier, so that what was fetched together isn't renewed together.
RENEWAL_SPREAD = timedelta(minutes=3)
RECHECK_AFTER = timedelta(seconds=60)
UNLISTED_AFTER = timedelta(seconds=10)
# Without ConductorOne's word, strict sidecars serve for as long: one look that fails is no end.
STRICT_CHECK_VALID_FOR = 2 * RECHECK_AFTER


@dataclass(frozen=True, slots=True)
class Freshness:
    """What one flight goes by. ``strict`` serves nothing without ConductorOne's word for it.

    ``spread`` is the flight's own share of the jitter.
    """

    strict: bool
    spread: timedelta

    @classmethod
    def of_flight(cls, *, strict: bool) -> "Freshness":
        """Draw one for a flight."""
        share = random.random()  # noqa: S311 -- spreads load, guards nothing
        return cls(strict, RENEWAL_SPREAD * share)

    def serveable(self, held: HeldCredentials, now: datetime) -> bool:
        """Tell whether they can be served without asking anyone first."""
        checked = _apart(now, held.checked_at) <= (
            STRICT_CHECK_VALID_FOR if self.strict else CHECK_VALID_FOR
        )
        ends_soon = held.credentials.expiration - now < ADVISORY_WINDOW
        return checked and valid(held, now) and not (ends_soon and self.renewal_due(held, now))

    def serveable_in_need(self, held: HeldCredentials, now: datetime) -> bool:
        """Tell whether they can be served when nobody answers."""
        if self.strict and _apart(now, held.checked_at) > STRICT_CHECK_VALID_FOR:
            return False
        return valid(held, now)

    def renewal_due(self, held: HeldCredentials, now: datetime) -> bool:
        """Tell whether new ones are wanted: 20 to 23 minutes before the end, or a third of a short life."""
        return held.credentials.expiration - now < self._margin(held)

    def _margin(self, held: HeldCredentials) -> timedelta:
        life = held.credentials.expiration - held.fetched_at
        return min(RENEWAL_MARGIN + self.spread, life / 3)

    def calm(self, held: HeldCredentials, *, unlisted: bool) -> tuple[datetime, datetime]:
        """Return from when until when they are served and nothing is due; empty where the end is first.

        Outside it, the others say what is. Most of what a busy sidecar is asked falls inside.
        """
        recheck = held.checked_at + (UNLISTED_AFTER if unlisted else RECHECK_AFTER)
        ends = min(held.credentials.expiration - max(self._margin(held), MINIMUM_LIFE), recheck)
        return held.checked_at, min(ends, held.grant_ends) if held.grant_ends else ends

    def recheck_due(self, held: HeldCredentials, now: datetime, *, unlisted: bool) -> bool:
        """Tell whether ConductorOne is asked again whether the grant is there.

        One that is ``unlisted`` is looked for more often: until it was seen, its absence means nothing.
        """
        return _apart(now, held.checked_at) >= (UNLISTED_AFTER if unlisted else RECHECK_AFTER)


def _apart(one: datetime, other: datetime) -> timedelta:
    """Return the time between two moments: a clock that was set back makes nothing younger."""
    return abs(one - other)


def valid(held: HeldCredentials, now: datetime) -> bool:
    """Tell whether credentials and grant both last."""
    return held.credentials.usable(now) and not grant_over(held, now)


def grant_over(held: HeldCredentials, now: datetime) -> bool:
    """Tell whether the grant's time is over."""
    return held.grant_ends is not None and held.grant_ends <= now
