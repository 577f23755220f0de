"""Our verification of Signature Version 4 against botocore's signing."""

import datetime as dt
from collections.abc import Callable

import pytest
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from cone_sidecar.clock import SystemClock
from cone_sidecar.simulator.sigv4 import (
    SignatureRefused,
    SignedRequest,
    read_signature,
    verify,
)

SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
TOKEN = "IQoJ+b3/Jp=="
BODY = b"Action=GetCallerIdentity&Version=2011-06-15"


def signed(
    auth: type[SigV4Auth],
    *,
    method: str = "POST",
    url: str = "http://127.0.0.1:9920/",
    body: bytes = BODY,
    service: str = "sts",
) -> SignedRequest:
    """Sign with botocore, and take the request as it goes on the wire."""
    credentials = Credentials("ASIAEXAMPLE", SECRET, TOKEN)
    request = AWSRequest(method=method, url=url, data=body)
    auth(credentials, service, "us-east-1").add_auth(request)
    prepared = request.prepare()
    _, _, rest = prepared.url.partition("://")
    host, slash, target = rest.partition("/")
    path, _, query = (slash + target).partition("?")
    headers = [
        (k, v.decode() if isinstance(v, bytes) else str(v)) for k, v in prepared.headers.items()
    ]
    return SignedRequest(method, path, query, [("Host", host), *headers], body)


def check(request: SignedRequest, *, ahead: float = 0) -> None:
    """Verify as the service does, ``ahead`` seconds from now."""
    now = SystemClock().now() + dt.timedelta(seconds=ahead)
    verify(request, read_signature(request), SECRET, service="sts", now=now)


@pytest.mark.parametrize(
    ("method", "url", "body"),
    [
        ("POST", "http://127.0.0.1:9920/", BODY),
        ("GET", "http://127.0.0.1:9920/?Action=GetCallerIdentity&Version=2011-06-15", b""),
        ("GET", "http://127.0.0.1:9920/a%20b/c%2Fd/?z=1&a=b%20c&a=~&b=", b""),
        ("POST", "http://[::1]:9920/?empty", b""),
    ],
)
def test_header_signatures_of_botocore_verify(method: str, url: str, body: bytes) -> None:
    """What botocore signs in the Authorization header is accepted, odd paths and queries too."""
    check(signed(SigV4Auth, method=method, url=url, body=body))


def test_presigned_urls_of_botocore_verify() -> None:
    """A presigned URL is accepted within its own lifetime, and not after it."""
    url = "http://127.0.0.1:9920/?Action=GetCallerIdentity&Version=2011-06-15"
    request = signed(SigV4QueryAuth, method="GET", url=url, body=b"")
    assert read_signature(request).session_token == TOKEN
    check(request, ahead=3500)
    with pytest.raises(SignatureRefused, match="Signature expired"):
        check(request, ahead=3700)


def altered_body(request: SignedRequest) -> SignedRequest:
    """Change the body after signing."""
    return SignedRequest("POST", request.path, request.query, request.headers, BODY + b"&x=1")


def altered_host(request: SignedRequest) -> SignedRequest:
    """Send it to another host."""
    headers = [("Host", "evil.example"), *request.headers[1:]]
    return SignedRequest("POST", request.path, request.query, headers, request.body)


def added_header(request: SignedRequest) -> SignedRequest:
    """Slip in an x-amz header that isn't signed."""
    headers = [*request.headers, ("X-Amz-Target", "Other.Operation")]
    return SignedRequest("POST", request.path, request.query, headers, request.body)


@pytest.mark.parametrize("alter", [altered_body, altered_host, added_header])
def test_an_altered_request_is_refused(alter: Callable[[SignedRequest], SignedRequest]) -> None:
    """A request that was changed after signing doesn't verify."""
    with pytest.raises(SignatureRefused) as refused:
        check(alter(signed(SigV4Auth)))
    assert refused.value.code == "SignatureDoesNotMatch"
    assert refused.value.status == 403


def test_another_secret_is_refused() -> None:
    """A signature made with another secret doesn't verify."""
    request = signed(SigV4Auth)
    with pytest.raises(SignatureRefused, match="does not match the signature"):
        verify(request, read_signature(request), "other", service="sts", now=SystemClock().now())


@pytest.mark.parametrize(("ahead", "text"), [(1000, "expired"), (-1000, "not yet current")])
def test_an_old_and_an_early_signature_are_refused(ahead: float, text: str) -> None:
    """A quarter of an hour of skew is all that is allowed."""
    with pytest.raises(SignatureRefused, match=text):
        check(signed(SigV4Auth), ahead=ahead)


def test_a_signature_for_another_service_is_refused() -> None:
    """The credential scope names the service."""
    with pytest.raises(SignatureRefused, match="correct service: 'sts'"):
        check(signed(SigV4Auth, service="s3"))


@pytest.mark.parametrize(
    ("authorization", "code"),
    [
        ("", "MissingAuthenticationToken"),
        ("Bearer x", "IncompleteSignature"),
        ("AWS4-HMAC-SHA256 Credential=a/b/c", "IncompleteSignature"),
        (
            "AWS4-HMAC-SHA256 Credential=a/b/c/d/aws4_request, SignedHeaders=host",
            "IncompleteSignature",
        ),
    ],
)
def test_what_is_no_signature_is_told_apart(authorization: str, code: str) -> None:
    """Without a signature, or with half of one, the error says which."""
    headers = [("host", "h"), ("authorization", authorization), ("x-amz-date", "20260101T000000Z")]
    with pytest.raises(SignatureRefused) as refused:
        read_signature(SignedRequest("POST", "/", "", headers, b""))
    assert refused.value.code == code
