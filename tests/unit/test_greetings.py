"""Which connection makes room when too many haven't finished their greeting."""

import contextlib
import socket

import pytest

from cone_sidecar.web.greetings import Greetings


@pytest.fixture(name="pairs")
def _pairs():
    """Give connections as they are accepted, each with its caller's end."""
    with contextlib.ExitStack() as stack:

        def pair():
            ours, theirs = socket.socketpair()
            stack.enter_context(ours)
            stack.enter_context(theirs)
            theirs.setblocking(False)
            return ours, theirs

        yield pair


def ended(theirs):
    """Tell whether a caller sees the end of its connection."""
    try:
        return theirs.recv(1) == b""
    except BlockingIOError:
        return False


def test_the_first_one_makes_room(pairs):
    """Up to the limit all stay; then the one that began first is ended."""
    greetings, them = Greetings(2), [pairs() for _ in range(4)]
    for ours, _ in them:
        greetings.began(ours)
    assert [ended(theirs) for _, theirs in them] == [True, True, False, False]


def test_who_was_greeted_is_not_counted(pairs):
    """However long ago it began, it is the pool's from then on."""
    greetings, them = Greetings(1), [pairs() for _ in range(3)]
    for ours, _ in them:
        greetings.began(ours)
        greetings.ended(ours.fileno())
    assert [ended(theirs) for _, theirs in them] == [False] * 3


def test_one_that_failed_harms_nobody(pairs):
    """It was closed without a word, and its number may be another one's by now."""
    greetings = Greetings(1)
    (failed, _), (other, theirs), (third, _) = pairs(), pairs(), pairs()
    greetings.began(failed)
    failed.close()
    greetings.began(other)
    assert not ended(theirs)
    greetings.began(third)
    assert ended(theirs)


def test_at_the_end_all_are_ended(pairs):
    """But for those that were greeted."""
    greetings, them = Greetings(3), [pairs() for _ in range(3)]
    for ours, _ in them:
        greetings.began(ours)
    greetings.ended(them[1][0].fileno())
    greetings.end_all()
    assert [ended(theirs) for _, theirs in them] == [True, False, True]
