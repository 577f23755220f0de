"""What is told, in which words, and what the Event looks like."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from cone_sidecar.domain.access import (
    WAITS_FOR_A_PERSON,
    AccessState,
    Cause,
    Phase,
    Transition,
)
from cone_sidecar.domain.profile import SsoSession
from cone_sidecar.errors import ApprovalRequired, SignInRequired, Unreachable
from cone_sidecar.kubernetes.event_object import event_name, new_event, told_again
from cone_sidecar.kubernetes.notice import GRANTED, READY, notice_of
from cone_sidecar.kubernetes.own_pod import Pod
from cone_sidecar.refusal import END_PHASES, refusal
from fakes.access import PROFILE

POD = Pod("shop-1", "shops", "uid-1")
URL = "https://acme.conductor.one/task/1234"
ASKED = AccessState(
    Phase.AWAITING_APPROVAL, task_number="1234", task_url=URL, approvers=("Grace", "2 others")
)


def notice(clock, state=ASKED, cause=Cause.LOOKED, profile=PROFILE):
    return notice_of(profile, Transition(profile.name, state, cause, clock.now()))


def test_waiting_for_approval(clock):
    """The words are those of an SDK's refusal: number, link, who may decide, and what shows more."""
    told = notice(clock)
    assert (told.reason, told.warning) == ("ApprovalPending", True)
    assert told.message == (
        f'access to "production-admin" awaits approval: task 1234 {URL} (Grace, 2 others); '
        "cone task get 1234"
    )


def test_sign_in(clock):
    """Link and code; it is about the session, which several profiles share."""
    state = AccessState(Phase.SIGN_IN_REQUIRED, sign_in_url="https://d.example/", user_code="AB-CD")
    told = notice(clock, state, Cause.SIGN_IN_OFFERED)
    assert told.reason == "SignInRequired"
    assert told.message == (
        "sign in to AWS at https://d.example/ and compare the code AB-CD; then retry"
    )
    sister = replace(PROFILE, name="other")
    assert notice(clock, state, Cause.SIGN_IN_OFFERED, sister) == told
    stranger = replace(PROFILE, session=SsoSession("x", "https://x.example/start", "eu-west-1"))
    other = notice(clock, state, Cause.SIGN_IN_OFFERED, stranger)
    assert event_name(POD, other) != event_name(POD, told)


@pytest.mark.parametrize("phase", list(Phase))
def test_each_phase(clock, phase):
    """People's steps warn in the words of refusal.py, what is served is said once, all else is silent."""
    state = replace(ASKED, phase=phase)
    told = notice(clock, state)
    if phase in {Phase.READY, Phase.UNVERIFIED}:
        assert (told.reason, told.warning) == ("AccessReady", False)
        assert told.message == 'access to "production-admin" is ready'
    elif phase in WAITS_FOR_A_PERSON:
        error = refusal(PROFILE, state)
        assert (told.reason, told.warning) == (error.code, True)
        assert told.message.startswith(error.message)
    else:
        assert told is None


@pytest.mark.parametrize("kind", [kind for kind in END_PHASES if kind is not SignInRequired])
def test_each_end(clock, kind):
    """The reason is the error's code, the message its own, its hint after that."""
    extra = {"outcome": "X"} if kind.__name__ == "RequestEnded" else {"hint": "do this"}
    error = kind("it is so", **extra)
    told = notice(clock, replace(ASKED, phase=END_PHASES[kind], error=error), Cause.ENDED)
    assert (told.reason, told.warning) == (kind.code, True)
    assert told.message == ("it is so; do this" if "hint" in extra else "it is so")


def test_granted(clock):
    """That AWS is waited for is no warning."""
    told = notice(clock, replace(ASKED, phase=Phase.PROPAGATING), Cause.GRANTED)
    assert (told.reason, told.warning, told.task) == ("AccessGranted", False, "1234")
    assert told.message == (
        'access to "production-admin" is granted, and AWS is about to know it: '
        "task 1234 https://acme.conductor.one/task/1234"
    )


def test_old_credentials_in_spite_of_an_error(clock):
    """A renewal that failed warns while the old ones are served."""
    state = AccessState(Phase.READY, error=Unreachable("AWS can't be reached", hint="retry"))
    assert notice(clock, state, Cause.KEPT).reason == "UpstreamUnreachable"


@pytest.mark.parametrize("cause", [Cause.STOPPED, Cause.FORGOTTEN])
def test_nothing_of_our_own_end(clock, cause):
    """Who stops the sidecar knows it."""
    state = AccessState(Phase.FAILED, error=ApprovalRequired("it goes on"))
    assert notice(clock, state, cause) is None


def test_the_page_shows_what_is_written(clock):
    """docs/configuration.md has reasons and messages as they are, and the reasons that are our own."""
    page = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text()
    link = "https://device.example/?user_code=ABCD-EFGH"
    sign_in = AccessState(Phase.SIGN_IN_REQUIRED, sign_in_url=link, user_code="ABCD-EFGH")
    for told in (notice(clock, sign_in), notice(clock), notice(clock, AccessState(Phase.READY))):
        kind = new_event(POD, told)["type"]
        assert re.search(
            rf"^{kind} +{told.reason} .* cone-sidecar  {re.escape(told.message)}$",
            page,
            re.MULTILINE,
        )
    assert {f"| Normal | `{reason}` |" in page for reason in (GRANTED, READY)} == {True}


def test_the_object(clock):
    """All that kubectl describe goes by, and the legacy fields that it shows."""
    event = new_event(POD, notice(clock))
    assert re.fullmatch(r"shop-1\.[0-9a-f]{16}", event["metadata"].pop("name"))
    assert event == {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"namespace": "shops"},
        "involvedObject": {
            "apiVersion": "v1",
            "kind": "Pod",
            "name": "shop-1",
            "namespace": "shops",
            "uid": "uid-1",
        },
        "type": "Warning",
        "reason": "ApprovalPending",
        "message": notice(clock).message,
        "source": {"component": "cone-sidecar"},
        "reportingComponent": "cone-sidecar",
        "reportingInstance": "shop-1",
        "firstTimestamp": "2026-01-02T03:04:05Z",
        "lastTimestamp": "2026-01-02T03:04:05Z",
        "count": 1,
    }


def test_the_same_thing_has_the_same_name(clock):
    """Other words change nothing; another task, profile, reason or pod of this name does."""
    told = notice(clock)
    assert event_name(POD, replace(told, message="x", profile="y")) == event_name(POD, told)
    others = {
        event_name(replace(POD, uid="uid-2"), told),
        *(event_name(POD, replace(told, **{key: "x"})) for key in ("task", "subject", "reason")),
    }
    assert len(others | {event_name(POD, told)}) == 5


def test_long_names_of_pods(clock):
    """The name stays a subdomain of 253 characters, the reporter one of 128."""
    pod = Pod("a" * 235 + "." + "b" * 17, "shops", "uid-1")
    event = new_event(pod, notice(clock))
    assert re.fullmatch(r"a{235}\.[0-9a-f]{16}", event["metadata"]["name"])
    assert len(event["reportingInstance"]) == 128
    assert event["involvedObject"]["name"] == pod.name


@pytest.mark.parametrize("change", [new_event, lambda _, told: told_again(told, told.at, 2)])
def test_messages_are_one_line_of_a_kilobyte(clock, change):
    """Names that others chose write no line of their own, and what is too long is cut between characters."""
    told = replace(notice(clock), message="a\nb\x1b[31m\u202ec\ud800" + "ü" * 2000)
    message = change(POD, told)["message"]
    assert message.startswith("a?b?[31m?c?ü")
    assert message.endswith("ü…")
    assert 1020 < len(message.encode()) <= 1024
    assert json.dumps(message).isascii()


def test_told_again(clock):
    """Text and time change; the count where it is known."""
    told = notice(clock)
    clock.advance(60)
    assert told_again(told, clock.now(), 3) == {
        "message": told.message,
        "lastTimestamp": "2026-01-02T03:05:05Z",
        "count": 3,
    }
    assert "count" not in told_again(told, clock.now(), None)
