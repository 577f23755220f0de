"""Errors as each service writes them (reference §5, §7.2, §7.3), for what isn't a handler's own refusal."""

import json

from starlette.responses import JSONResponse, Response

from cone_sidecar.simulator import sts
from cone_sidecar.simulator.operations import Service

GRPC_CODES = {
    400: 3,
    401: 16,
    403: 7,
    404: 5,
    405: 12,
    408: 1,
    409: 6,
    429: 8,
    499: 1,
    500: 13,
    502: 14,
    503: 14,
    504: 4,
}
GRPC_UNKNOWN = 2
OAUTH_CODES = {
    400: "invalid_request",
    401: "invalid_client",
    403: "access_denied",
    404: "not_found",
    429: "slow_down",
    500: "server_error",
    503: "temporarily_unavailable",
}
OIDC_TYPES = {
    400: ("InvalidRequestException", "invalid_request"),
    401: ("InvalidClientException", "invalid_client"),
    403: ("AccessDeniedException", "access_denied"),
    429: ("SlowDownException", "slow_down"),
    500: ("InternalServerException", "server_error"),
}
PORTAL_TYPES = {
    400: "InvalidRequestException",
    401: "UnauthorizedException",
    403: "ForbiddenException",
    404: "ResourceNotFoundException",
    405: "MethodNotAllowedException",
    429: "TooManyRequestsException",
}
STS_CODES = {
    400: "ValidationError",
    403: "AccessDenied",
    429: "Throttling",
    500: "InternalFailure",
    503: "ServiceUnavailable",
}
OIDC_NAMESPACE = "http://internal.amazon.com/coral/com.amazonaws.sso.oidc/"
PORTAL_NAMESPACE = "com.amazonaws.switchboard.portal"
SERVER_FAULT = 500


def service_error(service: Service, status: int, message: str) -> Response:
    """Return an error of ``status`` in the wire format of ``service``."""
    if service is Service.CONDUCTORONE:
        code = GRPC_CODES.get(status, GRPC_UNKNOWN)
        body = {"code": code, "message": message, "details": list[object]()}
        return JSONResponse(body, status_code=status)
    if service is Service.OAUTH:
        error = OAUTH_CODES.get(status, "server_error")
        return JSONResponse({"error": error, "error_description": message}, status_code=status)
    if service is Service.OIDC:
        default = OIDC_TYPES[SERVER_FAULT if status >= SERVER_FAULT else 400]
        kind, error = OIDC_TYPES.get(status, default)
        return oidc_error(kind, error, message, status=status)
    if service is Service.PORTAL:
        default_type = "ServiceException" if status >= SERVER_FAULT else "InvalidRequestException"
        return portal_error(PORTAL_TYPES.get(status, default_type), message, status=status)
    if service is Service.STS:
        return sts.error_response(status, STS_CODES.get(status, "InternalFailure"), message)
    return Response(message + "\n", status_code=status, media_type="text/plain")


def oidc_error(
    kind: str, error: str, description: str, *, status: int, reason: str = ""
) -> Response:
    """Return an error of the OIDC service: RFC 6749 body, the type in a header."""
    body = {"error": error, "error_description": description}
    if reason:
        body["reason"] = reason
    return _aws_json(body, f"{kind}:{OIDC_NAMESPACE}", status)


def portal_error(kind: str, message: str, *, status: int) -> Response:
    """Return an error of the portal: the type in a header and as ``__type``."""
    body = {"message": message, "__type": f"{PORTAL_NAMESPACE}#{kind}"}
    return _aws_json(body, f"{kind}:{PORTAL_NAMESPACE}", status)


def _aws_json(body: dict[str, str], error_type: str, status: int) -> Response:
    return Response(
        json.dumps(body),
        status_code=status,
        headers={"content-type": "application/json", "x-amzn-errortype": error_type},
    )
