"""Wrong tokens: how late the answer is, to whom, and for how long."""

import pytest

from cone_sidecar.web.bad_tokens import (
    FIRST_PAUSE_S,
    LONGEST_PAUSE_S,
    MOST_PEERS,
    REMEMBERED_S,
    UNHINDERED,
    BadTokens,
    pause_s,
)


@pytest.fixture(name="bad_tokens")
def _bad_tokens(clock):
    return BadTokens(clock)


async def present(bad_tokens, peer, times):
    for _ in range(times):
        await bad_tokens.wait(bad_tokens.count(peer))


async def test_the_first_ones_cost_nothing(bad_tokens, clock):
    """A program with an old token asks a few times, and its person reads why at once."""
    await present(bad_tokens, "a", UNHINDERED)
    assert clock.slept == []


async def test_then_answers_come_later_and_later(bad_tokens, clock):
    """Each one waits twice as long as the one before, up to a limit that no SDK gives up at."""
    await present(bad_tokens, "a", UNHINDERED + 8)
    assert clock.slept[:4] == [FIRST_PAUSE_S * factor for factor in (1, 2, 4, 8)]
    assert clock.slept == sorted(clock.slept)
    assert clock.slept[-1] == LONGEST_PAUSE_S < 1
    assert pause_s(10**6) == LONGEST_PAUSE_S


async def test_each_peer_for_itself(bad_tokens, clock):
    """One who guesses slows nobody else down."""
    await present(bad_tokens, "a", 3 * UNHINDERED)
    clock.slept.clear()
    await present(bad_tokens, "b", UNHINDERED)
    assert clock.slept == []


async def test_a_minute_later_it_is_forgotten(bad_tokens, clock):
    """Nobody is ever locked out."""
    await present(bad_tokens, "a", 3 * UNHINDERED)
    clock.advance(REMEMBERED_S + 1)
    assert bad_tokens.count("a") == 1


def test_many_peers_fill_no_memory(bad_tokens):
    """As many are remembered as there is room for."""
    for number in range(3 * MOST_PEERS):
        bad_tokens.count(f"peer-{number}")
    assert len(bad_tokens._counts) <= MOST_PEERS
