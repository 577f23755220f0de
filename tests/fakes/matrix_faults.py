"""The third part of the matrix: each fault at each upstream operation, for two stories that end well.

What a failing call is worth is promised by reference §5 (429 is repeated always, 5xx and lost connections
only where twice does no harm; after a failed request the open task tells whether it had worked), by
DESIGN §3 (ConductorOne down: AWS decides) and by docs/errors.md (how it ends where nothing helps).
"""

from fakes.matrix_arrangement import (
    ENTITLEMENT_PATH,
    GRANTS_PATH,
    ME_PATH,
    access_token_refused,
    answer_changed,
    credentials_with_more,
    fault,
    more_fields,
)
from fakes.matrix_case import BOTO3, COMMAND_LINE, Case
from fakes.matrix_grants import CHECKED, HAS_IT
from fakes.matrix_policies import OBTAINED
from fakes.matrix_promise import ANY, GRANTED, NO_GRANT, PERHAPS_LOOKED, SESSION_ENDED, Promise

# One look at a task that a later version of the API may answer.
LATER = {
    "me": answer_changed("me", ME_PATH, more_fields),
    "grants": answer_changed("grants", GRANTS_PATH, more_fields),
    "entitlement": answer_changed("entitlement", ENTITLEMENT_PATH, more_fields),
    "credentials": credentials_with_more,
}
FAULTS = {
    "latency": {"latency": 0.3, "count": 1},
    "429": {"status": 429, "count": 1},
    "429-after": {"retry_after": 1, "count": 1},
    "503": {"status": 503, "count": 1},
    "503-x3": {"status": 503, "count": 3},
    "503-always": {"status": 503},
    "500": {"status": 500, "count": 1},
    "reset": {"reset": True, "count": 1},
    "cut-off": {"truncate": True, "count": 1},
    "web-page": {"html": True, "count": 1},
    "401": {"status": 401, "count": 1},
    "hang": {"hang": True, "count": 1},
}
# Credentials that are refused once are refused for good.
FOR_GOOD = {("token", "401"): {"status": 401}}
# What a failure may cost beside the operation itself.
REPAIRS = {"search": "0-3", "token": "0-2", "me": "0-1", "refresh": "0-1"}
ENDINGS = {
    "ok": None,
    "c1": "no ConductorOne",
    "aws": "no AWS",
    "login": "login",
    "wait": "still processing",
    "sso": "sign-in",
}

# In each cell how it ends, and how often the operation is called; after the stroke what boto3, which asks
# three times within seconds, sees of it where that differs. A dash: there is no such case.
WITHOUT_A_GRANT = """
           | token      | me        | grants       | form      | entitlement | request      | look            | credentials
latency    | ok:1       | ok:1      | ok:1         | ok:1      | ok:1        | ok:1         | ok:any          | ok:1-2
429        | ok:2       | ok:2      | ok:2         | ok:2      | ok:2        | ok:2         | ok:any          | ok:2-3
429-after  | ok:2       | ok:2      | ok:2         | ok:2      | ok:2        | ok:2         | ok:any          | ok:2-3
503        | ok:2       | ok:2      | ok:2         | ok:2      | ok:2        | ok:2         | ok:any          | ok:2-3
503-x3     | ok:4       | ok:4      | ok:4         | ok:4      | ok:4        | ok:4         | ok:any          | ok:3-5
503-always | c1:4-5/4+  | c1:4-5/4+ | c1:4-5/4+    | c1:4-5/4+ | c1:4-5/4+   | c1:1+        | wait:any        | aws:3+
500        | ok:2       | ok:2      | ok:2         | ok:2      | ok:2        | ok:1-2       | ok:any          | ok:2-3
reset      | ok:2       | ok:2      | ok:2         | ok:2      | ok:2        | ok:2         | ok:any          | ok:2-3
cut-off    | ok:2       | ok:2      | ok:2         | ok:2      | ok:2        | ok:1-2       | ok:any          | ok:2-3
web-page   | ok:2       | ok:2      | ok:2         | ok:2      | ok:2        | ok:1-2       | ok:any          | ok:2-3
401        | login:1/1+ | ok:2      | ok:2         | ok:2      | ok:2        | ok:2         | ok:any          | ok:2-3
hang       | -          | -         | ok:2/wait:1+ | -         | -           | ok:2/wait:1+ | ok:any/wait:any | ok:2-3
later      | -          | ok:1      | ok:1         | -         | ok:1        | -            | -               | -
"""  # noqa: E501 -- a table reads best as one
WITH_A_GRANT = """
           | token      | me     | grants | credentials  | refresh
latency    | ok:1       | ok:1   | ok:1   | ok:1         | ok:1
429        | ok:2       | ok:2   | ok:2   | ok:2         | ok:2
429-after  | ok:1-2     | ok:1-2 | ok:1-2 | ok:2         | ok:2
503        | ok:2       | ok:2   | ok:2   | ok:2         | ok:2
503-x3     | ok:1-4     | ok:1-4 | ok:1-4 | ok:4         | ok:4
503-always | ok:1-4     | ok:1-4 | ok:1-4 | aws:3+       | aws:3+
500        | ok:2       | ok:2   | ok:2   | ok:2         | ok:2
reset      | ok:2       | ok:2   | ok:2   | ok:2         | ok:2
cut-off    | ok:2       | ok:2   | ok:2   | ok:2         | sso:1+
web-page   | ok:2       | ok:2   | ok:2   | ok:2         | ok:2
401        | login:1/1+ | ok:2   | ok:2   | ok:2         | sso:1+
hang       | -          | -      | ok:1   | ok:2/wait:1+ | -
later      | -          | ok:1   | ok:1   | ok:1         | -
"""
# AWS has answered by then, so nobody waits for ConductorOne any longer: how many attempts there were
# until then is a matter of the machine, and only their limit a promise.
GIVEN_UP_ON = frozenset({"429-after", "503-x3", "503-always"})
# What has been said when an operation is called, without a grant.
SAID = {
    "request": NO_GRANT,
    "look": PERHAPS_LOOKED,
    "credentials": GRANTED,
}
COLD = frozenset({"token", "me"})


def rows(grid):
    """Read a grid; yields fault, operation and cell."""
    head, *lines = (line.split("|") for line in grid.strip("\n").splitlines())
    for fault_name, *cells in lines:
        for operation, cell in zip(head[1:], cells, strict=True):
            if cell.strip() != "-":
                yield fault_name.strip(), operation.strip(), cell.strip()


def _case(state, fault_name, operation, cell, *, base, terms, granted):
    first, _, second = cell.partition("/")
    if second and ":" not in second:
        second = f"{first.partition(':')[0]}:{second}"
    promises = {
        face: _promise(each, fault_name, operation, base=base, granted=granted)
        for face, each in ((COMMAND_LINE, first), (BOTO3, second or first))
    }
    if second.startswith("ok:"):
        # The story was told more than once.
        retold = promises[BOTO3]
        again = dict.fromkeys(retold.calls, ANY)
        promises[BOTO3] = Promise(retold.ending, retold.said, again)
    arrangements = (LATER[operation],) if fault_name == "later" else ()
    if operation == "refresh":
        arrangements = (access_token_refused,)
    if fault_name in FAULTS:
        effect = FOR_GOOD.get((operation, fault_name), FAULTS[fault_name])
        arrangements += (fault(operation, **effect),)
    endings = {promise.ending for promise in promises.values()}
    needs_a_person = "sign-in" in endings
    return Case(
        f"{state}-{operation}-{fault_name}",
        promises,
        terms,
        arrangements,
        cold=operation in COLD,
        session_ends=needs_a_person,
        requests=0 if granted else 1,
        again=not needs_a_person and not endings <= {"served", "served late"},
        slow=fault_name == "hang" or "still processing" in endings,
    )


def _promise(cell, fault_name, operation, *, base, granted):
    word, _, count = cell.partition(":")
    if word != "ok":
        anything = dict.fromkeys({*base, *REPAIRS, "register", "device"}, ANY)
        said = SAID.get(operation, "")
        if granted:
            said = f"[{SESSION_ENDED}]" if (word, operation) == ("aws", "refresh") else ""
        return Promise(ENDINGS[word], said, anything | {operation: count})
    repairs = {} if fault_name in {"latency", "later"} else REPAIRS
    cold = {}
    if operation in COLD:
        once = "1-2" if fault_name == "401" else "1"
        cold = {"token": once, "me": once}
    if granted and fault_name in GIVEN_UP_ON:
        # AWS has answered, and ConductorOne is given up on before it is asked for the grant.
        cold = dict.fromkeys(cold | {"grants": ""}, "0-1") | {"token": "1-4"} if cold else cold
    refreshed = {"credentials": "2"} if operation == "refresh" else {}
    calls = base | repairs | cold | refreshed | {operation: count}
    return Promise("served" if granted else "served late", "" if granted else GRANTED, calls)


def _cases(state, grid, **terms):
    return tuple(
        _case(state, fault_name, operation, cell, **terms)
        for fault_name, operation, cell in rows(grid)
    )


FAULTY = _cases("auto", WITHOUT_A_GRANT, base=OBTAINED, terms={"policy": "auto"}, granted=False)
FAULTY += _cases("granted", WITH_A_GRANT, base=CHECKED, terms=HAS_IT, granted=True)
