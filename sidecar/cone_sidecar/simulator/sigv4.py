"""Verify Signature Version 4, as the receiving service does (AWS IAM user guide, "Create a signed request").

Both carriers are known: the Authorization header, and the query of a presigned URL.
"""

import hashlib
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, unquote_to_bytes

ALGORITHM = "AWS4-HMAC-SHA256"
SKEW = timedelta(minutes=15)
TIME_FORMAT = "%Y%m%dT%H%M%SZ"
UNSIGNED_PARAMETER = "X-Amz-Signature"
CREDENTIAL_PARTS = 5
LONGEST_PRESIGNED_S = 7 * 24 * 3600
_FIELD = re.compile(r"(Credential|SignedHeaders|Signature)=([^,\s]+)")


class SignatureRefused(Exception):
    """The request isn't signed as it must be. ``code`` and ``status`` are the service's."""

    def __init__(self, code: str, message: str, *, status: int = 403) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """A request as it came off the wire: nothing decoded, nothing sorted."""

    method: str
    path: str
    query: str
    headers: Sequence[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str:
        """Return a header's values, trimmed and joined as a signature sees them; "" without any."""
        values = [value for key, value in self.headers if key.lower() == name]
        return ",".join(" ".join(value.split()) for value in values)

    def has_header(self, name: str) -> bool:
        """Tell whether the request carries this header."""
        return any(key.lower() == name for key, _ in self.headers)


@dataclass(frozen=True, slots=True)
class Signature:
    """What a request claims about its signature."""

    access_key_id: str
    date: str
    region: str
    service: str
    signed_headers: tuple[str, ...]
    value: str
    timestamp: str
    session_token: str
    lifetime: timedelta
    presigned: bool

    @property
    def scope(self) -> str:
        """Return the credential scope without the key id."""
        return f"{self.date}/{self.region}/{self.service}/aws4_request"


def read_signature(request: SignedRequest) -> Signature:
    """Read the claim from the Authorization header, else from the query.

    Raises:
        SignatureRefused: There is none (MissingAuthenticationToken), or a part of it lacks
            (IncompleteSignature).
    """
    authorization = request.header("authorization")
    parameters = {
        unquote_to_bytes(key).decode("latin-1"): unquote_to_bytes(value).decode("latin-1")
        for key, value in _pairs(request.query)
    }
    if authorization:
        algorithm, _, rest = authorization.partition(" ")
        fields = dict(_FIELD.findall(rest))
        timestamp = request.header("x-amz-date")
        token, lifetime = request.header("x-amz-security-token"), SKEW
    elif "X-Amz-Signature" in parameters:
        algorithm = parameters.get("X-Amz-Algorithm", "")
        fields = {
            name: parameters[f"X-Amz-{name}"]
            for name in ("Credential", "SignedHeaders", "Signature")
            if f"X-Amz-{name}" in parameters
        }
        timestamp = parameters.get("X-Amz-Date", "")
        token = parameters.get("X-Amz-Security-Token", "")
        lifetime = _presigned_lifetime(parameters.get("X-Amz-Expires", ""))
    else:
        raise SignatureRefused(
            "MissingAuthenticationToken", "Request is missing Authentication Token"
        )
    return _signature(algorithm, fields, timestamp, token, lifetime, presigned=not authorization)


def _signature(
    algorithm: str,
    fields: dict[str, str],
    timestamp: str,
    token: str,
    lifetime: timedelta,
    *,
    presigned: bool,
) -> Signature:
    missing = [name for name in ("Credential", "SignedHeaders", "Signature") if name not in fields]
    parts = fields.get("Credential", "").split("/")
    if algorithm != ALGORITHM or missing or len(parts) != CREDENTIAL_PARTS or not timestamp:
        raise SignatureRefused(
            "IncompleteSignature",
            f"Authorization must be {ALGORITHM} with 'Credential', 'SignedHeaders', 'Signature' "
            "and a date in 'X-Amz-Date'",
            status=400,
        )
    if parts[4] != "aws4_request":
        raise SignatureRefused(
            "SignatureDoesNotMatch",
            "Credential should be scoped with a valid terminator: 'aws4_request'",
        )
    return Signature(
        access_key_id=parts[0],
        date=parts[1],
        region=parts[2],
        service=parts[3],
        signed_headers=tuple(fields["SignedHeaders"].lower().split(";")),
        value=fields["Signature"],
        timestamp=timestamp,
        session_token=token,
        lifetime=lifetime,
        presigned=presigned,
    )


def verify(
    request: SignedRequest, signature: Signature, secret: str, *, service: str, now: datetime
) -> None:
    """Check that ``request`` was signed with ``secret`` for ``service``, a short while ago.

    Raises:
        SignatureRefused: It wasn't; always SignatureDoesNotMatch.
    """
    if signature.service != service:
        raise _mismatch(f"Credential should be scoped to correct service: '{service}'.")
    _check_time(signature, now)
    _check_signed_headers(request, signature)
    declared = request.header("x-amz-content-sha256")
    payload = hashlib.sha256(request.body).hexdigest()
    if declared and declared != payload:
        raise _mismatch(
            "The provided x-amz-content-sha256 header does not match what was computed."
        )
    expected = sign(request, signature, secret, payload)
    if not hmac.compare_digest(expected, signature.value):
        raise _mismatch(
            "The request signature we calculated does not match the signature you provided. "
            "Check your AWS Secret Access Key and signing method. "
            "Consult the service documentation for details."
        )


def sign(request: SignedRequest, signature: Signature, secret: str, payload: str) -> str:
    """Return the signature in hexadecimal that ``secret`` gives for the signed parts of ``request``."""
    canonical = "\n".join(
        (
            request.method,
            _canonical_path(request.path),
            _canonical_query(request.query),
            *(f"{name}:{request.header(name)}" for name in signature.signed_headers),
            "",
            ";".join(signature.signed_headers),
            payload,
        )
    )
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    to_sign = f"{ALGORITHM}\n{signature.timestamp}\n{signature.scope}\n{digest}"
    key = f"AWS4{secret}".encode()
    for part in signature.scope.split("/"):
        key = hmac.digest(key, part.encode(), hashlib.sha256)
    return hmac.digest(key, to_sign.encode(), hashlib.sha256).hex()


def _check_time(signature: Signature, now: datetime) -> None:
    try:
        signed = datetime.strptime(signature.timestamp, TIME_FORMAT).replace(tzinfo=UTC)
    except ValueError:
        raise SignatureRefused(
            "IncompleteSignature", "Date must be in ISO-8601 'basic format'", status=400
        ) from None
    if signature.date != signature.timestamp[:8]:
        raise _mismatch(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date"
        )
    if now - signed > signature.lifetime:
        raise _mismatch(
            f"Signature expired: {signature.timestamp} is now earlier than "
            f"{(now - signature.lifetime).strftime(TIME_FORMAT)}"
        )
    if signed - now > SKEW:
        raise _mismatch(
            f"Signature not yet current: {signature.timestamp} is still later than "
            f"{(now + SKEW).strftime(TIME_FORMAT)}"
        )


def _check_signed_headers(request: SignedRequest, signature: Signature) -> None:
    required = {"host"} | {
        key.lower() for key, _ in request.headers if key.lower().startswith("x-amz-")
    }
    unsigned = required.difference(signature.signed_headers)
    if unsigned:
        raise _mismatch(f"'{min(unsigned)}' must be a 'SignedHeader' in the AWS Authorization.")
    absent = [name for name in signature.signed_headers if not request.has_header(name)]
    if absent:
        raise _mismatch(f"'{absent[0]}' is a 'SignedHeader' and is not in the request.")


def _mismatch(message: str) -> SignatureRefused:
    return SignatureRefused("SignatureDoesNotMatch", message)


def _presigned_lifetime(text: str) -> timedelta:
    if not text.isascii() or not text.isdigit() or int(text) > LONGEST_PRESIGNED_S:
        raise SignatureRefused(
            "IncompleteSignature",
            "X-Amz-Expires must be a number of seconds below a week",
            status=400,
        )
    return timedelta(seconds=int(text))


def _pairs(query: str) -> list[tuple[str, str]]:
    pairs = (part.partition("=") for part in query.split("&") if part)
    return [(key, value) for key, _, value in pairs]


def _encoded(text: str, safe: str = "") -> str:
    # What came encoded is decoded first, so that both spellings of a character sign alike.
    return quote(unquote_to_bytes(text.replace("+", "%20")), safe=f"-_.~{safe}")


def _canonical_query(query: str) -> str:
    pairs = sorted(
        (_encoded(key), _encoded(value))
        for key, value in _pairs(query)
        if key != UNSIGNED_PARAMETER
    )
    return "&".join(f"{key}={value}" for key, value in pairs)


def _canonical_path(path: str) -> str:
    # Every service but S3 signs the path encoded once more than it was sent.
    return quote(path or "/", safe="/-_.~")
