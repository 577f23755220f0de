"""Which connection makes room when there are too many."""

import resource

import pytest

from cone_sidecar.web import connection_pool
from cone_sidecar.web.connection_pool import (
    MOST_CONNECTIONS,
    RESERVED_DESCRIPTORS,
    ConnectionPool,
    most_connections,
)


class Connection:
    """Remember whether it was closed; the pool hears of it as it does from a real one."""

    def __init__(self, pool):
        self._pool = pool
        self.open = True
        pool.opened(self)

    def make_room(self):
        self.open = False
        self._pool.closed(self)


def connections(pool, number):
    return [Connection(pool) for _ in range(number)]


def who_is_open(them):
    return [each.open for each in them]


def test_up_to_the_limit_all_stay():
    """Nobody is closed while there is room."""
    them = connections(ConnectionPool(3), 3)
    assert who_is_open(them) == [True] * 3


def test_the_one_that_idles_longest_makes_room():
    """The new one is taken, and the oldest idle one is closed."""
    pool = ConnectionPool(3)
    them = connections(pool, 3)
    pool.busy(them[0])
    pool.idle(them[0])
    assert who_is_open([*them, Connection(pool)]) == [True, False, True, True]


def test_a_connection_at_work_is_never_closed():
    """Its answer is on the way; the next idle one goes."""
    pool = ConnectionPool(2)
    first, second = connections(pool, 2)
    pool.busy(first)
    third = Connection(pool)
    assert who_is_open([first, second, third]) == [True, False, True]


def test_where_all_are_at_work_more_are_taken():
    """A new one is never refused; room is made as soon as somebody is idle."""
    pool = ConnectionPool(2)
    them = connections(pool, 2)
    for each in them:
        pool.busy(each)
    more = connections(pool, 1)
    pool.busy(more[0])
    assert who_is_open([*them, *more]) == [True] * 3
    pool.idle(them[1])
    last = Connection(pool)
    assert who_is_open([*them, *more, last]) == [True, False, True, True]


def test_who_left_is_forgotten():
    """Room that somebody left is there for the next."""
    pool = ConnectionPool(2)
    first, second = connections(pool, 2)
    pool.closed(first)
    third = Connection(pool)
    assert who_is_open([second, third]) == [True, True]


@pytest.mark.parametrize(
    ("soft", "hard", "most", "raised"),
    [
        (1024, 1 << 20, MOST_CONNECTIONS, 2 * (MOST_CONNECTIONS + RESERVED_DESCRIPTORS)),
        (1024, 1024, (1024 - RESERVED_DESCRIPTORS) // 2, 1024),
        (64, 64, 1, 64),
        (1 << 20, 1 << 20, MOST_CONNECTIONS, None),
        (
            1024,
            resource.RLIM_INFINITY,
            MOST_CONNECTIONS,
            2 * (MOST_CONNECTIONS + RESERVED_DESCRIPTORS),
        ),
        (resource.RLIM_INFINITY, resource.RLIM_INFINITY, MOST_CONNECTIONS, None),
    ],
)
def test_the_limit_of_descriptors(monkeypatch, soft, hard, most, raised):
    """It is raised as far as allowed and needed; there are fewer connections than it leaves room for."""
    told = []

    class Limits:
        RLIMIT_NOFILE = resource.RLIMIT_NOFILE
        RLIM_INFINITY = resource.RLIM_INFINITY

        @staticmethod
        def getrlimit(_):
            return soft, hard

        @staticmethod
        def setrlimit(_, limits):
            told.append(limits)

    monkeypatch.setattr(connection_pool, "resource", Limits)
    assert most_connections() == most
    assert told == ([(raised, hard)] if raised else [])
