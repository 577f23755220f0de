"""GET /metrics: text that Prometheus reads, and few enough time series."""

import os
import re
from datetime import timedelta

import pytest

from cone_sidecar.clock import SystemClock
from cone_sidecar.domain.access import AccessState, Phase
from cone_sidecar.metrics import CONTENT_TYPE, MOST_PROFILES, Metrics
from cone_sidecar.web.answered import Outcome

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\\\|\\"|\\n)*)"')
SAMPLE = re.compile(rf"({NAME})(?:\{{(.+)\}})? (-?[0-9]+(?:\.[0-9]+)?)")
ABOUT = re.compile(rf"# (HELP|TYPE) ({NAME}) (.+)")
ESCAPE = re.compile(r"\\(.)")
PROFILE_METRICS = (
    "cone_profile_state",
    "cone_profile_expires_seconds",
    "cone_profile_grant_ends_seconds",
)


@pytest.fixture(name="metrics")
def _metrics(clock):
    return Metrics(clock)


def parsed(text):
    """Parse text format 0.0.4 strictly: {name: {labels: value}}, each family once and explained before."""
    assert text.endswith("\n")
    families, kinds, explained = {}, {}, []
    for line in text[:-1].split("\n"):
        if about := ABOUT.fullmatch(line):
            what, name, rest = about.groups()
            if what == "HELP":
                assert name not in explained
                explained.append(name)
            else:
                assert rest in {"counter", "gauge"}
                assert name == explained[-1]
                assert name not in kinds
                kinds[name], families[name] = rest, {}
            continue
        sample = SAMPLE.fullmatch(line)
        assert sample, line
        name, labels, value = sample.groups()
        assert name == explained[-1], "samples of a family stand together"
        assert name in kinds
        assert (kinds[name] == "counter") == name.endswith("_total")
        pairs = tuple(sorted(labels_of(labels or "")))
        assert len({label for label, _ in pairs}) == len(pairs)
        assert pairs not in families[name], "a time series stands there once"
        families[name][pairs] = float(value)
    return families


def labels_of(text):
    """Parse labels, unescaped."""
    position = 0
    while position < len(text):
        if position:
            assert text[position] == ","
            position += 1
        label = LABEL.match(text, position)
        assert label, text
        yield (
            label[1],
            ESCAPE.sub(lambda found: "\n" if found[1] == "n" else found[1], label[2]),
        )
        position = label.end()


def tell(metrics, outcome, times=1):
    """Tell of an answer."""
    for number in range(times):
        metrics.hear(f"127.0.0.1:{number}", b"Boto3", outcome, str(number))


def test_answers_are_counted_by_outcome_and_status(metrics):
    """Profiles, peers and request ids make no time series of their own."""
    tell(metrics, Outcome("Served", 200, "prod", "MPLE", 1.0, "1"), 3)
    tell(metrics, Outcome("Served", 200, "dev"))
    tell(metrics, Outcome("Unauthorized", 401), 2)
    assert parsed(metrics.text({}))["cone_answers_total"] == {
        (("outcome", "Served"), ("status", "200")): 4,
        (("outcome", "Unauthorized"), ("status", "401")): 2,
    }


def test_the_counter_is_there_before_the_first_answer(metrics):
    """A rate needs the zero that it rose from."""
    assert parsed(metrics.text({}))["cone_answers_total"] == {
        (("outcome", "Served"), ("status", "200")): 0
    }


def test_each_profile_tells_its_state_and_what_is_left(metrics, clock):
    """The state is a label; the credentials' end and the grant's are seconds from now."""
    ready = AccessState(
        Phase.READY,
        expires=clock.now() + timedelta(minutes=50),
        grant_ends=clock.now() + timedelta(hours=3, milliseconds=700),
    )
    found = parsed(
        metrics.text({"prod": ready, "dev": AccessState(Phase.AWAITING_APPROVAL)}),
    )
    prod = ("profile", "prod")
    assert found["cone_profile_state"] == {
        (prod, ("state", "ready")): 1,
        (("profile", "dev"), ("state", "awaiting approval")): 1,
    }
    assert found["cone_profile_expires_seconds"] == {(prod,): 3000}
    assert found["cone_profile_grant_ends_seconds"] == {(prod,): 10800}
    assert found["cone_profiles"] == {(): 2}


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ('a"} 1\ncone_answers_total 9', None),
        ("back\\slash\\n", None),
        ("größe ☃", None),
        ("half \udc80", "half \\udc80"),
    ],
)
def test_a_name_stays_in_its_label(metrics, name, read):
    """Whatever a profile is called, it is read back, or as text where it is none."""
    text = metrics.text({name: AccessState(Phase.READY)})
    assert text.encode()
    assert parsed(text)["cone_profile_state"] == {
        (("profile", read or name), ("state", "ready")): 1
    }


def test_the_profiles_that_are_shown_are_limited(metrics, clock):
    """Beyond 5,000 profiles no more series are made; how many there are is told."""
    state = AccessState(Phase.READY, expires=clock.now(), grant_ends=clock.now())
    found = parsed(metrics.text({f"p{number}": state for number in range(MOST_PROFILES + 7)}))
    assert {len(found[name]) for name in PROFILE_METRICS} == {MOST_PROFILES}
    assert found["cone_profiles"] == {(): MOST_PROFILES + 7}


@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="the system has no /proc")
def test_the_process_is_told_of_by_the_usual_names(metrics):
    """Memory, start and open files are near what the system says elsewhere."""
    found = parsed(metrics.text({}))
    assert found["process_resident_memory_bytes"][()] > 4 * 1024 * 1024
    age = SystemClock().now().timestamp() - found["process_start_time_seconds"][()]
    assert 0 < age < 3600
    reading, writing = os.pipe()
    more = parsed(metrics.text({}))["process_open_fds"][()]
    os.close(reading)
    os.close(writing)
    assert more == found["process_open_fds"][()] + 2


def test_nothing_is_told_of_the_process_where_nothing_is_known(metrics, monkeypatch, tmp_path):
    """Without /proc the rest is there all the same."""
    monkeypatch.setattr("cone_sidecar.metrics.PROCESS", tmp_path)
    monkeypatch.setattr("cone_sidecar.metrics.BOOT", tmp_path / "stat")
    found = parsed(metrics.text({}))
    assert "cone_answers_total" in found
    assert not [name for name in found if name.startswith("process_")]


def test_the_content_type_names_the_version():
    """Prometheus 3 takes nothing without one."""
    assert CONTENT_TYPE.startswith("text/plain; version=0.0.4")
