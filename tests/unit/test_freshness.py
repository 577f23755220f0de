"""When credentials are served and nothing is due, held to the rules that say what is."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from cone_sidecar.domain.credentials import RoleCredentials
from cone_sidecar.domain.ports import HeldCredentials
from cone_sidecar.freshness import RENEWAL_SPREAD, Freshness
from cone_sidecar.secret import Secret

START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
DAY_S = 24 * 3600
moments = st.integers(-DAY_S, DAY_S).map(lambda seconds: START + timedelta(seconds=seconds))


@st.composite
def holdings(draw):
    """Credentials of any life, for a grant of any end, that was looked at whenever."""
    fetched = draw(moments)
    life = timedelta(seconds=draw(st.integers(1, DAY_S)))
    credentials = RoleCredentials("ASIA", Secret("k"), Secret("t"), fetched + life, "1" * 12)
    return HeldCredentials(
        credentials,
        grant_ends=draw(st.none() | moments),
        fetched_at=fetched,
        checked_at=draw(moments),
        unverified=draw(st.booleans()),
    )


@given(
    holdings(),
    st.integers(0, 10_000),
    st.booleans(),
    st.booleans(),
    st.timedeltas(timedelta(0), RENEWAL_SPREAD),
)
def test_in_a_calm_nothing_is_due(held, per_mille, strict, unlisted, spread):
    """At any moment of it they may be served, and need no renewal and no look at the grant."""
    freshness = Freshness(strict, spread)
    begins, ends = freshness.calm(held, unlisted=unlisted)
    now = begins + (ends - begins) * per_mille / 10_000
    if not begins <= now < ends:
        return
    assert freshness.serveable(held, now)
    assert not freshness.renewal_due(held, now)
    assert not freshness.recheck_due(held, now, unlisted=unlisted)


def test_fresh_ones_are_calm_until_the_grant_is_looked_at():
    """That is what nearly every answer of a busy sidecar goes by."""
    credentials = RoleCredentials(
        "ASIA", Secret("k"), Secret("t"), START + timedelta(hours=1), "1" * 12
    )
    held = HeldCredentials(
        credentials, grant_ends=None, fetched_at=START, checked_at=START, unverified=False
    )
    freshness = Freshness.of_flight(strict=False)
    assert freshness.calm(held, unlisted=False) == (START, START + timedelta(seconds=60))
    assert freshness.calm(held, unlisted=True) == (START, START + timedelta(seconds=10))
