"""Ten thousand random requests: refused or closed, nothing leaked, the sidecar healthy, memory flat."""

import re

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from fakes.attacked_sidecar import GOOD, OTHER
from fakes.random_requests import random_requests
from fakes.raw_client import RawConnection

AT_ONCE = 10
EXAMPLES = 1000
WARM_UP = 50
MANAGEMENT_EXAMPLES = 100
GROWTH_KIB = 4 * 1024
LOG_LINE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} (?:INFO|WARNING) [ -~]+")


def examples(count):
    """Return settings for so many examples, the same ones in every run."""
    return settings(
        max_examples=count,
        derandomize=True,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )


def exchange(address, source, request):
    """Send a request in its pieces and nothing after it; returns all answers."""
    with RawConnection(address, source=source) as connection:
        for piece in request.pieces:
            connection.send(piece)
        connection.end_sending()
        return connection.answers()


def fuzz(attacked, address, count, judge):
    """Send ten requests for each of ``count`` examples, from an address of their own; returns how many."""
    sent, judged = [], set()
    requests = st.lists(random_requests(attacked), min_size=AT_ONCE, max_size=AT_ONCE)

    @examples(count)
    @given(requests)
    def run(batch):
        # Ten wrong tokens are answered without delay.
        source = attacked.stranger()
        for request in batch:
            answers = exchange(address, source, request)
            sent.append(len(answers))
            for answer in set(answers) - judged:
                judge(answer)
                judged.add(answer)

    run()
    return sent


def test_ten_thousand_random_requests(attacked):
    """Each is refused in our words or closed; then a good client is served, and memory didn't grow."""
    fuzz(attacked, attacked.address, WARM_UP, attacked.holds_nothing)
    before = attacked.resident_kib()
    answers = fuzz(attacked, attacked.address, EXAMPLES, attacked.holds_nothing)
    grown = attacked.resident_kib() - before
    print(f"{len(answers)} requests, {sum(answers)} answers, grown by {grown} KiB")
    assert len(answers) >= AT_ONCE * EXAMPLES
    assert sum(answers) > len(answers) / 2, "hardly anything was answered"
    attacked.serves(GOOD)
    attacked.serves(OTHER)
    assert grown < GROWTH_KIB


def test_the_log_of_all_this(attacked):
    """Lines of ours, ASCII, no traceback, no secret."""
    lines = attacked.said()
    assert [line for line in lines if not LOG_LINE.fullmatch(line)] == []
    assert attacked.secrets.within("\n".join(lines)) == []
    assert attacked.secrets.within(b"\n".join(attacked.audited()).decode("ascii")) == []


def test_a_thousand_on_the_management_listener(attacked):
    """No crash, no secret, no command begun; it goes on answering."""
    attacked.stage.forget_requests()

    def judge(answer):
        assert answer.status < 500, answer
        assert attacked.secrets.within(answer.body.decode() + repr(answer.headers)) == []

    fuzz(attacked, attacked.management, MANAGEMENT_EXAMPLES, judge)
    assert attacked.stage.operations() == []
    host = f"{attacked.management[0]}:{attacked.management[1]}"
    (answer,) = attacked.ask(attacked.request(target="/livez", host=host), attacked.management)
    assert (answer.status, answer.body) == (200, b"ok\n")
