"""The first half of the matrix: each policy, and each state of a grant, with nothing wrong upstream.

Promised by user-story.md and reference §6.2 (texts), by the exit codes of docs/errors.md, and by
sdk-contract §6 rules 11, 17 and 18: 403 for what a person must end, 503 where only machines decide.
"""

from fakes.matrix_arrangement import (
    GRANTS_PATH,
    access_token_refused,
    answer_changed,
    fault,
    grant_deleted,
    grant_over,
    no_automatic_requests,
    request_is_there,
    request_is_under_way,
    served_before,
    session_closed,
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

# Somebody has it from the start.
HAS_IT = {"granted_to": ["ada@example.com"]}
CHECKED = {"grants": "1", "credentials": "1"}
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
    case("form-before", "form", "", LOOKED_UP, {"policy": "form"}, requests=0),
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

# What a sign-in costs that nobody has confirmed yet; the program may ask whether somebody has.
OFFERED = {"credentials": "1-2", "refresh": "0+", "register": "0-1", "device": "1"}
GRANTS = (
    case("granted", "served", "", CHECKED, HAS_IT, requests=0),
    case("granted-for-8h", "served", "", CHECKED, HAS_IT | {"grant_ends": "8h"}, requests=0),
    case("cached", "served", "", {}, HAS_IT, served_before, requests=0),
    case(
        "grant-over",
        "served late",
        GRANTED,
        OBTAINED,
        HAS_IT,
        answer_changed("grants", GRANTS_PATH, grant_over),
    ),
    case(
        "grant-deleted",
        "served late",
        GRANTED,
        OBTAINED,
        HAS_IT,
        answer_changed("grants", GRANTS_PATH, grant_deleted),
    ),
    case(
        "not-in-aws-yet",
        "propagated",
        GRANTED,
        REQUESTED | {"credentials": "2+"},
        {"policy": "auto", "lags": {"propagation": "1s"}},
    ),
    case(
        "not-in-aws-yet-granted",
        "propagated",
        "",
        CHECKED | {"credentials": "3"},
        HAS_IT,
        fault("credentials", status=403, count=2),
        requests=0,
    ),
    case(
        "not-listed-yet",
        "served late",
        GRANTED,
        OBTAINED,
        {"policy": "auto", "lags": {"grant_visibility": "100s"}},
    ),
    case(
        "access-token-ended",
        "served",
        "",
        CHECKED | {"credentials": "2", "refresh": "1"},
        HAS_IT,
        access_token_refused,
        requests=0,
    ),
    case(
        "session-ended",
        "sign-in",
        "",
        {"grants": "1"} | OFFERED,
        HAS_IT,
        session_closed,
        boto3_calls={"grants": "1"} | OFFERED,
        session_ends=True,
        requests=0,
    ),
    case(
        "session-ended-no-grant",
        "sign-in",
        GRANTED,
        REQUESTED | OFFERED,
        {"policy": "auto"},
        session_closed,
        session_ends=True,
    ),
)
COMBINED = (
    refused("approval-and-a-bad-look", "approval", "approval", fault("look", status=503, count=1)),
    refused("deny-and-a-lost-look", "denied", "deny", fault("look", reset=True, count=1)),
    case(
        "form-and-a-bad-answer",
        "form",
        "",
        LOOKED_UP | {"form": "2"},
        {"policy": "form"},
        fault("form", status=503, count=1),
        requests=0,
    ),
    case(
        "nobody-answers",
        "no ConductorOne",
        "",
        {"grants": "3+", "credentials": "3+"},
        HAS_IT,
        fault("grants", status=503),
        fault("credentials", status=503),
        requests=0,
        again=True,
    ),
    case(
        "no-session-and-no-tenant",
        "no ConductorOne",
        "",
        {"grants": "4+", "credentials": "1+", "refresh": "1+"},
        HAS_IT,
        session_closed,
        fault("grants", status=503),
        session_ends=True,
        requests=0,
    ),
)
STORIES = POLICIES + GRANTS + COMBINED
