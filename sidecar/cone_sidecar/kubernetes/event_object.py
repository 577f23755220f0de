"""A notice as a core/v1 Event on a pod.

Of the two APIs of Events this is the one whose objects may be changed: a sign-in's new link takes the old
one's place, and ``kubectl describe pod`` shows ``count`` and both times. An Event's life of an hour begins
anew with each change.
"""

import hashlib
from datetime import datetime

from cone_sidecar.clock import rfc3339
from cone_sidecar.kubernetes.notice import Notice
from cone_sidecar.kubernetes.own_pod import Pod
from cone_sidecar.printable_text import printable_text

COMPONENT = "cone-sidecar"
# In bytes (kubernetes/pkg/apis/core/validation/events.go; names: RFC 1123 subdomains).
LONGEST_MESSAGE = 1024
LONGEST_INSTANCE = 128
LONGEST_NAME = 253
DIGITS = 16
CUT = "…"


def event_name(pod: Pod, notice: Notice) -> str:
    """Name the Event of all notices on the same thing: another container of this pod finds it again."""
    about = repr((pod.uid, notice.subject, notice.task, notice.reason))
    digest = hashlib.sha256(about.encode()).hexdigest()[:DIGITS]
    return f"{pod.name[: LONGEST_NAME - DIGITS - 1].rstrip('.-')}.{digest}"


def new_event(pod: Pod, notice: Notice) -> dict[str, object]:
    """Return the Event that tells ``notice`` for the first time."""
    at = rfc3339(notice.at)
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": event_name(pod, notice), "namespace": pod.namespace},
        "involvedObject": {
            "apiVersion": "v1",
            "kind": "Pod",
            "name": pod.name,
            "namespace": pod.namespace,
            "uid": pod.uid,
        },
        "type": "Warning" if notice.warning else "Normal",
        "reason": notice.reason,
        "message": _message(notice.message),
        "source": {"component": COMPONENT},
        "reportingComponent": COMPONENT,
        "reportingInstance": pod.name[:LONGEST_INSTANCE],
        "firstTimestamp": at,
        "lastTimestamp": at,
        "count": 1,
    }


def told_again(notice: Notice, at: datetime, count: int | None) -> dict[str, object]:
    """Return what changes when it is told again, for the ``count``-th time where anybody knows."""
    changes: dict[str, object] = {
        "message": _message(notice.message),
        "lastTimestamp": rfc3339(at),
    }
    return changes | ({"count": count} if count else {})


def _message(text: str) -> str:
    """Return one line of at most 1024 bytes."""
    line = printable_text(text)
    encoded = line.encode("utf-8", "replace")
    if len(encoded) <= LONGEST_MESSAGE:
        return encoded.decode()
    return encoded[: LONGEST_MESSAGE - len(CUT.encode())].decode("utf-8", "ignore") + CUT
