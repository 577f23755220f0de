"""The one error tree. Adapters translate into it at their edge; each face turns it into an answer.

Drawn with code, HTTP status on the credentials endpoint, exit code::

    ConeError
    ├── UsageError                InvalidUsage            400   2
    ├── ConfigurationError        InvalidConfiguration    403   1
    │   ├── ProfileNotFound       ProfileNotFound         403   1
    │   └── ProfileIncomplete     ProfileIncomplete       403   1
    ├── LoginRequired             LoginRequired           403   3   (to ConductorOne)
    ├── SignInRequired            SignInRequired          403   3   (to AWS)
    ├── SessionRejected           SessionRejected         403   3   (AWS refuses a fresh session)
    ├── AccessError
    │   ├── ApprovalRequired      ApprovalPending         403   4
    │   ├── RequestFormRequired   RequestFormRequired     403   7
    │   ├── AccessDenied          AccessDenied            403   5
    │   ├── NotRequestable        NotRequestable          403   5
    │   ├── NoActiveGrant         NoActiveGrant           403   5
    │   │   ├── GrantExpired      GrantExpired            403   5
    │   │   └── GrantRevoked      GrantRevoked            403   5
    │   ├── RequestCancelled      RequestCancelled        403   1
    │   ├── RequestFailed         RequestFailed           403   1
    │   ├── RequestTimedOut       RequestTimedOut         403   1
    │   ├── RequestEnded          RequestEnded            403   1
    │   ├── StillProcessing       StillProcessing         503   1
    │   └── PropagationTimeout    PropagationTimeout      503   1
    ├── Unauthorized              Unauthorized            401   1   (a wrong or missing token here)
    ├── RequestRefused            RequestRefused          403   1   (a browser, a proxy, a wrong Host)
    ├── SidecarRefusal            SidecarRefused          403   1   (the running sidecar says no)
    ├── UpstreamError
    │   ├── Unreachable           UpstreamUnreachable     503   6
    │   ├── Untrusted             UntrustedCertificate    403   6
    │   └── UpstreamRejected      UpstreamRejected        403   1
    └── InternalError             InternalError           503   1

``message`` is one short line, lower case, without a secret: a person meets it inside an SDK's traceback
(the endpoint makes ASCII of it). ``hint`` says what to do next, a command where there is one.
"""

from typing import ClassVar


class ConeError(Exception):
    """Something a person can be told, and can act on."""

    code: ClassVar[str] = "InternalError"
    http_status: ClassVar[int] = 403
    exit_code: ClassVar[int] = 1
    retryable: ClassVar[bool] = False

    def __init__(
        self, message: str, *, hint: str = "", task: str = "", url: str = "", profile: str = ""
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.task = task
        self.url = url
        self.profile = profile


class UsageError(ConeError):
    """The command or the request was put wrongly."""

    code = "InvalidUsage"
    http_status = 400
    exit_code = 2


class ConfigurationError(ConeError):
    """A file, variable or flag can't be used as it is."""

    code = "InvalidConfiguration"


class ProfileNotFound(ConfigurationError):
    """No profile of this name is known."""

    code = "ProfileNotFound"


class ProfileIncomplete(ConfigurationError):
    """A profile lacks a key that the flow needs."""

    code = "ProfileIncomplete"


class LoginRequired(ConeError):
    """ConductorOne doesn't know us: no credentials, or wrong ones."""

    code = "LoginRequired"
    exit_code = 3


class SignInRequired(ConeError):
    """A person must sign in to IAM Identity Center.

    ``url`` and ``user_code`` are what the person opens and compares; neither is a secret.
    """

    code = "SignInRequired"
    exit_code = 3

    def __init__(self, message: str, *, user_code: str = "", hint: str = "", url: str = "") -> None:
        super().__init__(message, hint=hint, url=url)
        self.user_code = user_code


class SessionRejected(ConeError):
    """AWS refuses a session that was just made: nearly always a wrong SSO region."""

    code = "SessionRejected"
    exit_code = 3


class AccessError(ConeError):
    """The answer to a request for access."""

    code = "AccessError"


class ApprovalRequired(AccessError):
    """A person has to approve the request. ``adopted`` tells that it was there before us."""

    code = "ApprovalPending"
    exit_code = 4

    def __init__(
        self, message: str, *, task: str = "", url: str = "", hint: str = "", adopted: bool = False
    ) -> None:
        super().__init__(message, hint=hint, task=task, url=url)
        self.adopted = adopted


class RequestFormRequired(AccessError):
    """The entitlement wants a form filled in. ``task`` is set when the request exists already."""

    code = "RequestFormRequired"
    exit_code = 7


class AccessDenied(AccessError):
    """The request was denied."""

    code = "AccessDenied"
    exit_code = 5


class NotRequestable(AccessError):
    """This person may not ask for this entitlement."""

    code = "NotRequestable"
    exit_code = 5


class NoActiveGrant(AccessError):
    """There is no grant, and asking for one is switched off."""

    code = "NoActiveGrant"
    exit_code = 5


class GrantExpired(NoActiveGrant):
    """The grant was for a time, and that time is over."""

    code = "GrantExpired"


class GrantRevoked(NoActiveGrant):
    """The grant is gone before its end: somebody took it back."""

    code = "GrantRevoked"


class RequestCancelled(AccessError):
    """The request was cancelled."""

    code = "RequestCancelled"


class RequestFailed(AccessError):
    """The request ended in an error, such as failed provisioning."""

    code = "RequestFailed"


class RequestTimedOut(AccessError):
    """A wait step of the policy ran out."""

    code = "RequestTimedOut"


class RequestEnded(AccessError):
    """The request ended with an outcome that we don't know. ``outcome`` is the API's word for it."""

    code = "RequestEnded"

    def __init__(self, message: str, *, outcome: str, task: str = "", url: str = "") -> None:
        super().__init__(message, task=task, url=url)
        self.outcome = outcome


class StillProcessing(AccessError):
    """Machines are deciding, and the time to wait for them is over."""

    code = "StillProcessing"
    http_status = 503
    retryable = True


class PropagationTimeout(AccessError):
    """The grant is there, and AWS still says no."""

    code = "PropagationTimeout"
    http_status = 503
    retryable = True


class Unauthorized(ConeError):
    """The authorization token is missing or wrong."""

    code = "Unauthorized"
    http_status = 401


class RequestRefused(ConeError):
    """No AWS SDK sends a request like this one."""

    code = "RequestRefused"


class SidecarRefusal(ConeError):
    """The running sidecar doesn't do what a command asks of it."""

    code = "SidecarRefused"


class UpstreamError(ConeError):
    """ConductorOne or AWS did not do what was asked. ``status`` is the HTTP status, 0 where none came."""

    code = "UpstreamError"

    def __init__(self, message: str, *, status: int = 0, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.status = status


class Unreachable(UpstreamError):
    """No usable answer: no connection, a time-out, a 5xx, too many requests."""

    code = "UpstreamUnreachable"
    http_status = 503
    exit_code = 6
    retryable = True


class Untrusted(UpstreamError):
    """The server's certificate isn't trusted: no outage, and trying again doesn't mend it."""

    code = "UntrustedCertificate"
    exit_code = 6


class UpstreamRejected(UpstreamError):
    """A definite no that isn't about access."""

    code = "UpstreamRejected"


class InternalError(ConeError):
    """A fault of ours. Its text never holds what was being handled."""

    code = "InternalError"
    http_status = 503
