"""STS: GetCallerIdentity, for signatures that verify (AWS STS API reference, 2011-06-15).

The proof that a client got the right role: only credentials that the portal gave out can sign for it.
"""

import uuid
from datetime import datetime
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from cone_sidecar.clock import Clock
from cone_sidecar.simulator.role_credentials import IssuedCredentials, RoleCredentialsRegister
from cone_sidecar.simulator.sigv4 import (
    SignatureRefused,
    SignedRequest,
    read_signature,
    verify,
)

NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/"
API_VERSION = "2011-06-15"
BAD_REQUEST = 400
SERVER_FAULT = 500


class SecurityTokenService:
    """Tell callers who they are.

    Args:
        credentials: What the portal gave out.
        clock: The simulated time: it ends credentials.
        wall_clock: The machine's time: clients sign with it, and nobody advances it for them.
    """

    def __init__(
        self, credentials: RoleCredentialsRegister, *, clock: Clock, wall_clock: Clock
    ) -> None:
        self._credentials = credentials
        self._clock = clock
        self._wall_clock = wall_clock

    async def answer(self, request: Request) -> Response:
        """Answer one call of the query API, by GET or POST."""
        body = await request.body()
        try:
            caller = self.caller(_signed(request, body), now=self._wall_clock.now())
            request.state.who = caller.session_name
            _require_action(request, body)
        except SignatureRefused as refused:
            return error_response(refused.status, refused.code, refused.message)
        return _identity(caller)

    def caller(self, request: SignedRequest, *, now: datetime) -> IssuedCredentials:
        """Return whose credentials signed ``request``.

        Raises:
            SignatureRefused: Nobody's, or they have ended.
        """
        signature = read_signature(request)
        issued = self._credentials.find(signature.access_key_id)
        if issued is None or not issued.session_token.matches(signature.session_token):
            raise SignatureRefused(
                "InvalidClientTokenId", "The security token included in the request is invalid."
            )
        verify(request, signature, issued.secret_access_key.reveal(), service="sts", now=now)
        if issued.expiration <= self._clock.now():
            raise SignatureRefused(
                "ExpiredToken", "The security token included in the request is expired"
            )
        return issued


def sts_routes(service: SecurityTokenService) -> list[BaseRoute]:
    """Return the routes of STS by POST; GET shares its path with the front page."""
    return [Route("/", service.answer, methods=["POST"])]


def error_response(status: int, code: str, message: str) -> Response:
    """Return an error as the query protocol writes it."""
    fault = "Receiver" if status >= SERVER_FAULT else "Sender"
    request_id = str(uuid.uuid4())
    return _xml(
        f'<ErrorResponse xmlns="{NAMESPACE}">\n'
        f"  <Error>\n    <Type>{fault}</Type>\n    <Code>{escape(code)}</Code>\n"
        f"    <Message>{escape(message)}</Message>\n  </Error>\n"
        f"  <RequestId>{request_id}</RequestId>\n</ErrorResponse>\n",
        request_id,
        status=status,
    )


def _identity(caller: IssuedCredentials) -> Response:
    request_id = str(uuid.uuid4())
    return _xml(
        f'<GetCallerIdentityResponse xmlns="{NAMESPACE}">\n'
        "  <GetCallerIdentityResult>\n"
        f"    <Arn>{escape(caller.arn)}</Arn>\n"
        f"    <UserId>{escape(caller.user_id)}</UserId>\n"
        f"    <Account>{caller.account_id}</Account>\n"
        "  </GetCallerIdentityResult>\n"
        f"  <ResponseMetadata>\n    <RequestId>{request_id}</RequestId>\n  </ResponseMetadata>\n"
        "</GetCallerIdentityResponse>\n",
        request_id,
    )


def _xml(text: str, request_id: str, *, status: int = 200) -> Response:
    return Response(
        text,
        status_code=status,
        headers={"content-type": "text/xml", "x-amzn-requestid": request_id},
    )


def _signed(request: Request, body: bytes) -> SignedRequest:
    raw_path: bytes = request.scope.get("raw_path") or request.scope["path"].encode()
    return SignedRequest(
        method=request.method,
        path=raw_path.decode("latin-1"),
        query=request.scope["query_string"].decode("latin-1"),
        headers=[(k.decode("latin-1"), v.decode("latin-1")) for k, v in request.headers.raw],
        body=body,
    )


def _require_action(request: Request, body: bytes) -> None:
    form = parse_qs(body.decode("utf-8", "replace"))
    action = (form.get("Action") or [request.query_params.get("Action", "")])[0]
    version = (form.get("Version") or [request.query_params.get("Version", "")])[0]
    if not action:
        raise SignatureRefused("MissingAction", "The request has no Action.", status=BAD_REQUEST)
    if action != "GetCallerIdentity" or version != API_VERSION:
        raise SignatureRefused(
            "InvalidAction",
            f"Could not find operation {action[:64]} for version {version[:16] or 'NO_VERSION_SPECIFIED'}",
            status=BAD_REQUEST,
        )
