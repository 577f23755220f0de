"""What is promised of a case: the text, the exit code, the endpoint's answer, the calls upstream."""

import re
from dataclasses import dataclass, field

# Said before the end, as far as the story comes (user-story.md; reference §6.2).
NO_GRANT = 'No active grant for "{profile}" — submitting access request...\n'
SUBMITTED = f"{NO_GRANT}Access request submitted (task: {{number}})\n"
LOOKED = f"{SUBMITTED}{{dots}}\n"
GRANTED = f"{LOOKED}Access granted!\n"
# Where a look fails before the first dot.
PERHAPS_LOOKED = f"{SUBMITTED}[{{dots}}\n]"
# A request that was there before is looked at without dots.
ADOPTED_GRANTED = f"{NO_GRANT}Access granted!\n"
PROPAGATION = "Waiting for AWS permission to propagate...\n"
SESSION_ENDED = "AWS SSO session expired. Logging in...\n"

FORM_COMMAND = "  cone get --app-id {id} --entitlement-id {id}\n"
STATUS_COMMAND = "Check status: cone task get {number}\n"
# What stands in braces is a pattern; what stands in [brackets] may be left out.
PATTERNS = {
    "number": r"\d+",
    "dots": r"\.+",
    "id": r"\w+",
    "any": r"[^\n]+",
    "url": r"https?://\S+",
    "code": r"[A-Z]{4}-[A-Z]{4}",
}
HOLE = re.compile(r"\{(\w+)\}|\[([^\]]+)\]")
ANY = "any"


@dataclass(frozen=True, slots=True)
class Ending:
    """How a case ends: for the command line its exit code and last words, for boto3 status and code."""

    exit_code: int
    text: str
    status: int
    code: str = ""


ENDINGS = {
    "served": Ending(0, "", 200),
    "propagated": Ending(0, PROPAGATION, 200),
    "served late": Ending(0, f"[{PROPAGATION}]", 200),
    "approval": Ending(
        4,
        'Request submitted for "{profile}" but requires approval.\n'
        f"{STATUS_COMMAND}Once approved, retry the command.\n",
        403,
        "ApprovalPending",
    ),
    "pending": Ending(
        4,
        'A pending request already exists for "{profile}".\n'
        f"{STATUS_COMMAND}Once resolved, retry the command.\n",
        403,
        "ApprovalPending",
    ),
    "pending unseen": Ending(
        4,
        'a pending request already exists for "{profile}". Check ConductorOne for status, then retry\n',
        403,
        "ApprovalPending",
    ),
    "form": Ending(
        7,
        'No active grant for "{profile}". This entitlement requires a request form — '
        f"request access with:\n{FORM_COMMAND}",
        403,
        "RequestFormRequired",
    ),
    "form step": Ending(
        7,
        'request submitted for "{profile}" but requires form input. Complete it with:\n'
        f"{FORM_COMMAND}",
        403,
        "RequestFormRequired",
    ),
    "denied": Ending(5, 'Access request for "{profile}" was denied\n', 403, "AccessDenied"),
    "cancelled": Ending(
        1, 'access request for "{profile}" was cancelled\n', 403, "RequestCancelled"
    ),
    "failed": Ending(
        1,
        'access request for "{profile}" encountered an error. Check ConductorOne for details\n',
        403,
        "RequestFailed",
    ),
    "timed out": Ending(
        1,
        'access request for "{profile}" completed with outcome: GRANT_OUTCOME_WAIT_TIMED_OUT\n',
        403,
        "RequestTimedOut",
    ),
    "unknown outcome": Ending(
        1,
        'access request for "{profile}" completed with outcome: GRANT_OUTCOME_POSTPONED\n',
        403,
        "RequestEnded",
    ),
    "still processing": Ending(
        1,
        'request for "{profile}" is still processing. Retry the command shortly\n',
        503,
        "StillProcessing",
    ),
    "not requestable": Ending(
        5, "cone: error: {any} request {any}\ncone: hint: {any}\n", 403, "NotRequestable"
    ),
    "no request": Ending(
        5,
        'cone: error: no active grant for "{profile}"\ncone: hint: cone {any}\n',
        403,
        "NoActiveGrant",
    ),
    "sign-in": Ending(
        3,
        f"{SESSION_ENDED}cone: error: {{any}} {{url}} {{any}} {{code}}\ncone: hint: {{any}}\n",
        403,
        "SignInRequired",
    ),
    "login": Ending(
        3,
        "cone: error: ConductorOne refuses {any}\n"
        "cone: hint: correct CONE_CLIENT_SECRET {any}: cone login <tenant>\n",
        403,
        "LoginRequired",
    ),
    "no ConductorOne": Ending(
        6, "cone: error: ConductorOne {any}\ncone: hint: {any}\n", 503, "UpstreamUnreachable"
    ),
    "no AWS": Ending(6, "cone: error: AWS {any}\ncone: hint: {any}\n", 503, "UpstreamUnreachable"),
    "not the API": Ending(
        1,
        "cone: error: {any} ConductorOne's {any}\ncone: hint: check the tenant's host: {any}\n",
        403,
        "UpstreamRejected",
    ),
}


@dataclass(frozen=True, slots=True)
class Promise:
    """How a case ends in one face, and how often each operation is called; unnamed ones never.

    ``calls`` holds texts: ``2`` is twice, ``1-2`` once or twice, ``2+`` twice or more, ``any`` as you like.
    """

    ending: str
    said: str = ""
    calls: dict[str, str] = field(default_factory=dict)

    def words(self, profile):
        """Return the expression for the whole of stderr."""
        return re.compile(_expression(self.said + ENDINGS[self.ending].text, profile))

    def allows(self, operation, count):
        """Tell whether so many calls are as promised."""
        return within(self.calls.get(operation, "0"), count)


def within(calls, count):
    """Tell whether ``count`` is what ``calls`` says."""
    if calls == ANY:
        return True
    if calls.endswith("+"):
        return count >= int(calls[:-1])
    lowest, _, highest = calls.partition("-")
    return int(lowest) <= count <= int(highest or lowest)


def _expression(text, profile):
    expression, end = "", 0
    for hole in HOLE.finditer(text):
        expression += re.escape(text[end : hole.start()])
        name, optional = hole.groups()
        if optional:
            expression += f"(?:{_expression(optional, profile)})?"
        else:
            expression += re.escape(profile) if name == "profile" else PATTERNS[name]
        end = hole.end()
    return expression + re.escape(text[end:])
