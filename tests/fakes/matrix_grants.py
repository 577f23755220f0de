"""The second part of the matrix: states of a grant and of the AWS session; more than one thing at once.

Promised by user-story.md, by DESIGN §3 (a grant past its end is none; a session is renewed before anybody
signs in) and by sdk-contract §6 rule 17.
"""

from fakes.matrix_arrangement import (
    GRANTS_PATH,
    access_token_refused,
    answer_changed,
    fault,
    grant_deleted,
    grant_over,
    served_before,
    session_closed,
)
from fakes.matrix_policies import LOOKED_UP, OBTAINED, REQUESTED, case, refused
from fakes.matrix_promise import GRANTED

# Somebody has it from the start.
HAS_IT = {"granted_to": ["ada@example.com"]}
CHECKED = {"grants": "1", "credentials": "1"}
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
        LOOKED_UP | {"form": "2", "search": "1"},
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
