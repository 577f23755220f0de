"""The first part of the matrix: each policy of a request, with nothing wrong upstream.

Promised by user-story.md and reference §6.2 (texts), by the exit codes of docs/errors.md, and by
sdk-contract §6 rules 11, 17 and 18: 403 for what a person must end, 503 where only machines decide.
"""

from fakes.matrix_arrangement import (
    fault,
    no_automatic_requests,
    request_is_there,
    request_is_under_way,
    task_is_there_and_looks,
    task_looks,
)
from fakes.matrix_case import BOTO3, COMMAND_LINE, Case
from fakes.matrix_promise import (
    ADOPTED_GRANTED,
    GRANTED,
    LOOKED,
    NO_GRANT,
    Promise,
)

# A cold profile without a grant: one request, one success at AWS, at most one refusal before it.
LOOKED_UP = {"grants": "1", "credentials": "0-1", "form": "1", "entitlement": "1"}
REQUESTED = LOOKED_UP | {"request": "1", "look": "1+"}
# Whoever says that somebody has to approve may say who.
NAMED = {"person": "0-1"}
OBTAINED = REQUESTED | {"credentials": "1-2"}
CLOSED = "TASK_STATE_CLOSED"
# Kinds of steps and approvals that are still to be invented.
NEW_STEP = {"quorum": {"state": "QUORUM_INSTANCE_STATE_WAITING"}}
NEW_APPROVAL = {
    "approval": {"state": "APPROVAL_INSTANCE_STATE_WAITING", "approval": {"oracle": {}}}
}
ACCEPT = {"accept": {"acceptMessage": "welcome"}}


def case(name, ending, said, calls, terms, *arrangements, boto3_calls=None, **more):
    """Make a case that ends alike in both faces; boto3 may ask three times."""
    promises = {
        COMMAND_LINE: Promise(ending, said, calls),
        BOTO3: Promise(ending, "", boto3_calls or calls),
    }
    return Case(name, promises, terms, arrangements, **more)


def granted(name, policy, *arrangements, **lags):
    """Make a case in which machines decide, and nobody else."""
    terms = {"policy": policy, "lags": lags}
    return case(name, "served late", GRANTED, OBTAINED, terms, *arrangements)


def refused(name, ending, policy, *arrangements):
    """Make a case in which the request is made and comes to nothing."""
    calls = REQUESTED | NAMED if ending == "approval" else REQUESTED
    return case(name, ending, LOOKED, calls, {"policy": policy}, *arrangements)


def later(name, **look):
    """Make a case in which an open task looks once as no task of the simulator does, and then ends well."""
    arrangement = task_is_there_and_looks(**look)
    return case(name, "served late", ADOPTED_GRANTED, OBTAINED, {"policy": "auto"}, arrangement)


DUPLICATE = LOOKED_UP | {"request": "1", "look": "1+"}
POLICIES = (
    granted("auto", "auto"),
    granted("machine", "machine"),
    granted("webhook", "webhook", policy_step="1s"),
    granted("agent", "agent"),
    granted("expression", "expression"),
    granted("wait", "wait"),
    later("accept", step=ACCEPT),
    granted("every-machine", ["webhook", "agent", "expression", "wait"]),
    granted("slow-provisioning", "auto", provisioning="1s"),
    case(
        "maximum-duration",
        "served late",
        GRANTED,
        OBTAINED,
        {"policy": "auto", "max_duration": "1h"},
    ),
    refused("approval", "approval", "approval"),
    refused("machine-then-approval", "approval", ["machine", "approval"]),
    case("form-before", "form", "", LOOKED_UP | {"search": "1"}, {"policy": "form"}, requests=0),
    refused("form-after", "form step", "form_step"),
    refused("deny", "denied", "deny"),
    refused(
        "cancelled",
        "cancelled",
        "auto",
        task_looks(state=CLOSED, outcome="GRANT_OUTCOME_CANCELLED"),
    ),
    refused("error-closed", "failed", "error"),
    refused("error-open", "failed", "auto", task_looks(outcome="GRANT_OUTCOME_ERROR")),
    refused("wait-timed-out", "timed out", "timeout"),
    refused(
        "later-outcome",
        "unknown outcome",
        "auto",
        task_looks(state=CLOSED, outcome="GRANT_OUTCOME_POSTPONED"),
    ),
    refused("closed-without-outcome", "failed", "auto", task_looks(state=CLOSED)),
    later("later-step", step=NEW_STEP),
    refused("later-approval", "approval", "auto", task_looks(step=NEW_APPROVAL)),
    later("later-state", state="TASK_STATE_PAUSED"),
    later("later-processing", processing="TASK_PROCESSING_TYPE_DREAMING"),
    later("no-step", step={}),
    case(
        "machine-too-slow",
        "still processing",
        LOOKED,
        REQUESTED,
        {"policy": "machine", "lags": {"policy_step": "10m"}},
        slow=True,
    ),
    case(
        "not-requestable",
        "not requestable",
        NO_GRANT,
        LOOKED_UP | {"request": "1"},
        {"policy": "auto"},
        fault("request", status=403),
        requests=0,
    ),
    case(
        "no-automatic-request",
        "no request",
        "",
        {"grants": "1", "credentials": "0-1", "search": "0-1"},
        {"policy": "auto"},
        no_automatic_requests,
        requests=0,
    ),
    case(
        "open-approval",
        "pending",
        NO_GRANT,
        DUPLICATE | NAMED,
        {"policy": "approval"},
        request_is_there,
    ),
    case("open-form", "form step", NO_GRANT, DUPLICATE, {"policy": "form_step"}, request_is_there),
    case(
        "open-machine",
        "served late",
        ADOPTED_GRANTED,
        OBTAINED,
        {"policy": "machine", "lags": {"policy_step": "1s"}},
        request_is_under_way,
    ),
    case(
        "open-provisioning",
        "served late",
        ADOPTED_GRANTED,
        OBTAINED,
        {"policy": "auto", "lags": {"provisioning": "1s"}},
        request_is_under_way,
    ),
    case(
        "open-auto", "served late", ADOPTED_GRANTED, OBTAINED, {"policy": "auto"}, request_is_there
    ),
    case(
        "open-not-automatic",
        "pending",
        "",
        {"grants": "1", "credentials": "0-1", "search": "1", "look": "1+"} | NAMED,
        {"policy": "approval"},
        no_automatic_requests,
        request_is_there,
    ),
    case(
        "open-unnamed",
        "pending",
        NO_GRANT,
        DUPLICATE | NAMED | {"search": "1"},
        {"policy": "approval"},
        request_is_there,
        fault("request", status=409, count=1),
    ),
    case(
        "open-unseen",
        "pending unseen",
        NO_GRANT,
        LOOKED_UP | {"request": "1", "search": "1"},
        {"policy": "approval"},
        fault("request", status=409),
        requests=0,
    ),
)
