"""Connections that are slow, many, endless or broken off: none of them costs others their answers."""

import contextlib
import selectors
import timeit

import pytest

from fakes.attacked_sidecar import GOOD, OTHER, SLOW, attacked_sidecar
from fakes.raw_client import RawConnection

PATIENCE_S = 13
LEAST_S = 5
STEP_S = 0.25
IDLE = 600
FEW_DESCRIPTORS = 512
TINY_BUFFER = 2048
UNREAD_AT_ONCE = 20
SMALL_MIB = 4
KIB_EACH = 32
GOOD_WITHIN_S = 2.0
# What the sidecar knows to wait for as long as it takes.
PATIENT = "User-Agent: Go-http-client/1.1\r\n"


def test_fifty_pipelined(attacked):
    """Each of fifty requests that come at once gets its own answer, in order."""
    profiles = [GOOD, OTHER] * 25
    with attacked.connect() as connection:
        connection.send(b"".join(attacked.request(profile) for profile in profiles))
        for profile in profiles:
            attacked.is_served(connection.answer(), profile)


def test_refusals_in_a_pipeline(attacked):
    """Right and wrong ones that come at once: each gets its own answer, in order."""
    good = attacked.request()
    refused = [
        attacked.request(host="evil.example"),
        attacked.request(target="/credentials/nobody"),
        attacked.request(more="Origin: http://evil.example\r\n"),
    ]
    with attacked.connect() as connection:
        connection.send(b"".join(good + bad for bad in refused) + good)
        for _ in refused:
            attacked.is_served(connection.answer())
            attacked.holds_nothing(connection.answer())
        attacked.is_served(connection.answer())


@pytest.mark.parametrize(
    "bad",
    [
        b"\x00\x01\x02\r\n\r\n",
        b"GET / HTTP/1.1\r\nX-A: " + b"a" * 70_000,
        b"GET http://x/ HTTP/1.1\r\n\r\n",
    ],
    ids=["garbage", "too large", "absolute-form"],
)
@pytest.mark.parametrize("count", [1, 3, 20])
def test_what_comes_before_something_bad_is_answered(attacked, bad, count):
    """Good requests are answered though something bad follows at once; then it's the end, at once."""
    began = timeit.default_timer()
    with attacked.connect() as connection:
        connection.send(attacked.request() * count + bad)
        answers = connection.answers()
    assert timeit.default_timer() - began < GOOD_WITHIN_S
    for answer in answers[:count]:
        attacked.is_served(answer)
    assert len(answers) in {count, count + 1}
    for answer in answers[count:]:
        attacked.holds_nothing(answer)


def test_an_endless_pipeline(attacked):
    """Who sends requests without end and reads none of the answers is cut off, and others are served."""
    before = attacked.resident_kib()
    flood = attacked.request() * 500
    with attacked.connect(limit_s=2.0) as connection:
        sent = 0
        while connection.send(flood) and sent < 100:
            sent += 1
        assert sent < 100, "it swallows everything"
        attacked.serves()
    assert attacked.resident_kib() - before < SMALL_MIB * 1024


@pytest.mark.parametrize("profile", [GOOD, OTHER])
def test_half_closed(attacked, profile):
    """A client that says it will ask nothing more gets its answer; one that breaks off gets the end."""
    with attacked.connect() as connection:
        connection.send(attacked.request(profile))
        connection.end_sending()
        attacked.is_served(connection.answer(), profile)
        assert connection.answer() is None
    with attacked.connect() as connection:
        connection.send(attacked.request(profile) * 3)
        connection.end_sending()
        for _ in range(3):
            attacked.is_served(connection.answer(), profile)
        assert connection.answer() is None
    for part in (0, 1, 40):
        with attacked.connect() as connection:
            connection.send(attacked.request(profile)[:part])
            connection.end_sending()
            assert connection.answers() == []


def test_broken_off(attacked):
    """A hundred clients that go away in the middle of everything leave nothing behind."""
    for at in range(100):
        with attacked.connect() as connection:
            connection.send(attacked.request()[: 1 + at * 3])
    attacked.serves()


class Slow:
    """A client that sends a little at a time, until it is refused or closed."""

    def __init__(self, name, connection, drip=b""):
        self.name = name
        self.connection = connection
        self.drip = drip


@pytest.fixture(name="slow")
def _slow(attacked):
    """Give one of each kind."""
    good = attacked.request()
    # What each sends at once, and what over and over.
    kinds = {
        "silent": (b"", b""),
        "a line and no more": (b"GET / HTTP/1.1\r\n", b""),
        "HTTP/0.9": (b"GET /\r\n", b""),
        "method": (b"", b"G"),
        "URL": (b"GET /", b"a"),
        "headers, byte by byte": (good[:-2], b"a"),
        "headers, one by one": (good[:-2], b"a: b\r\n"),
        "empty lines": (b"", b"\r\n"),
        "behind a request, silent": (good + b"GET /", b""),
        "behind a request": (good + b"GET /", b"a"),
        "behind an answer": (good, b"a"),
    }
    with contextlib.ExitStack() as stack:
        found = []
        for name, (start, drip) in kinds.items():
            connection = stack.enter_context(attacked.connect())
            connection.send(start)
            if start.startswith(good):
                attacked.is_served(connection.answer())
            found.append(Slow(name, connection, drip))
        found[-1].connection.send(b"GET /")
        yield found


def test_slow_heads_have_a_deadline(attacked, slow):
    """However it is dripped, a head that isn't whole in time is refused or closed; others are served."""
    began = timeit.default_timer()
    still_open = list(slow)
    while still_open and timeit.default_timer() - began < PATIENCE_S:
        asked = timeit.default_timer()
        attacked.serves()
        assert timeit.default_timer() - asked < GOOD_WITHIN_S
        wait_a_little(still_open)
        still_open = [each for each in still_open if each.connection.wait(0.001)]
        for each in still_open:
            each.connection.send(each.drip)
    assert [each.name for each in still_open] == []
    for each in slow:
        answers = each.connection.answers()
        assert [answer.status for answer in answers] in ([], [400], [408]), each.name
        for answer in answers:
            attacked.holds_nothing(answer)


def wait_a_little(slow):
    """Wait a moment, or until one of them ends."""
    with selectors.DefaultSelector() as selector:
        for each in slow:
            selector.register(each.connection, selectors.EVENT_READ)
        selector.select(STEP_S)


def test_who_never_reads_is_let_go(attacked):
    """A client whose answers pile up unread holds its connection no longer than a slow one."""
    refused = attacked.request(host="evil.example")
    began = timeit.default_timer()
    with (
        attacked.connect() as beside,
        attacked.connect(receive_buffer=TINY_BUFFER, limit_s=STEP_S) as connection,
    ):
        while not connection.broken:
            assert timeit.default_timer() - began < 2 * PATIENCE_S, "it is kept"
            connection.send(refused * UNREAD_AT_ONCE)
            # With each answer to others the listener gets on with one of these: they never pile up.
            for _ in range(UNREAD_AT_ONCE):
                beside.send(attacked.request())
                attacked.is_served(beside.answer())
    assert timeit.default_timer() - began > LEAST_S, "it was cut off for something else"


def test_many_idle_connections(attacked):
    """Six hundred that say nothing: a good client is served at once, and afterwards they are gone."""
    before = attacked.resident_kib()
    source = attacked.stranger()
    idle = [RawConnection(attacked.address, source=source) for _ in range(IDLE)]
    try:
        for _ in range(20):
            asked = timeit.default_timer()
            attacked.serves()
            assert timeit.default_timer() - asked < GOOD_WITHIN_S
    finally:
        for each in idle:
            each.close()
    attacked.serves()
    assert attacked.resident_kib() - before < IDLE * KIB_EACH


def test_more_connections_than_descriptors(tmp_path):
    """Where there is no room, the one that idles longest goes: a cached answer is never refused."""
    with attacked_sidecar(tmp_path, descriptors=FEW_DESCRIPTORS) as attacked:
        source = attacked.stranger()
        with contextlib.ExitStack() as stack:
            kept = stack.enter_context(attacked.connect())
            idle = []
            for _ in range(IDLE):
                idle.append(stack.enter_context(RawConnection(attacked.address, source=source)))
                if len(idle) % 50 == 0:
                    attacked.serves()
                    kept.send(attacked.request(OTHER))
                    attacked.is_served(kept.answer(), OTHER)
            assert not idle[0].wait(1), "the longest idle one is still there"
            assert idle[-1].wait(0.01), "the newest one is gone"
        attacked.serves()
        assert [line for line in attacked.said() if " ERROR " in line] == []


@pytest.mark.parametrize("wrong", [True, False], ids=["wrong tokens", "slow stories"])
def test_more_clients_waiting_than_descriptors(tmp_path, wrong):
    """Nor do those that are kept waiting, for a wrong token or for access, take others' room."""
    with (
        attacked_sidecar(tmp_path, descriptors=FEW_DESCRIPTORS) as attacked,
        contextlib.ExitStack() as stack,
    ):
        source = attacked.stranger()
        asking = attacked.request(SLOW, token="wrong" if wrong else attacked.token, more=PATIENT)
        for number in range(IDLE):
            connection = stack.enter_context(RawConnection(attacked.address, source=source))
            connection.send(asking)
            if number % 50 == 0:
                asked = timeit.default_timer()
                attacked.serves()
                assert timeit.default_timer() - asked < GOOD_WITHIN_S
