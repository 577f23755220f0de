"""The OIDC service of Identity Center: registration, device authorization, tokens (reference §7.2)."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from cone_sidecar.clock import Clock
from cone_sidecar.simulator.authorization_codes import AuthorizationCodes
from cone_sidecar.simulator.client_registration import (
    ClientRegistration,
    ClientRegistry,
    is_redirect_uri,
)
from cone_sidecar.simulator.device_authorization import DeviceAuthorizations, DeviceStatus
from cone_sidecar.simulator.service_errors import oidc_error
from cone_sidecar.simulator.sso_sessions import SsoSession, SsoSessions
from cone_sidecar.simulator.world import World

DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
CODE_GRANT = "authorization_code"
REFRESH_GRANT = "refresh_token"
GRANT_TYPES = frozenset({DEVICE_GRANT, CODE_GRANT, REFRESH_GRANT})
DEVICE_LIFETIME_S = 600
POLL_INTERVAL_S = 1
KIND = "identity_center"


class OidcRefused(Exception):
    """An error of the OIDC service."""

    def __init__(
        self, kind: str, error: str, description: str = "", *, status: int = 400, reason: str = ""
    ) -> None:
        super().__init__(description)
        self.response = oidc_error(kind, error, description, status=status, reason=reason)


class OidcService:
    """Answer the OIDC service's three calls."""

    def __init__(
        self,
        world: World,
        clients: ClientRegistry,
        devices: DeviceAuthorizations,
        codes: AuthorizationCodes,
        sessions: SsoSessions,
        clock: Clock,
    ) -> None:
        self._world = world
        self._clients = clients
        self._devices = devices
        self._codes = codes
        self._sessions = sessions
        self._clock = clock

    async def register(self, request: Request) -> Response:
        """Answer RegisterClient."""
        try:
            body = _members(await request.body())
            name = _text(body, "clientName")
            if _text(body, "clientType") != "public":
                raise OidcRefused("InvalidClientMetadataException", "invalid_client_metadata")
            grant_types = _texts(body, "grantTypes")
            if not GRANT_TYPES.issuperset(grant_types):
                raise OidcRefused("UnsupportedGrantTypeException", "unsupported_grant_type")
            redirect_uris = _texts(body, "redirectUris")
            if not all(is_redirect_uri(uri) for uri in redirect_uris):
                raise OidcRefused("InvalidRedirectUriException", "invalid_redirect_uri")
        except OidcRefused as refused:
            return refused.response
        registration, secret = self._clients.register(
            name,
            scopes=_texts(body, "scopes"),
            grant_types=grant_types,
            redirect_uris=redirect_uris,
        )
        request.state.who = registration.client_name
        return JSONResponse(
            {
                "clientId": registration.client_id,
                "clientSecret": secret,
                "clientIdIssuedAt": registration.issued_at,
                "clientSecretExpiresAt": registration.expires_at,
                "authorizationEndpoint": None,
                "tokenEndpoint": None,
            }
        )

    async def start_device_authorization(self, request: Request) -> Response:
        """Answer StartDeviceAuthorization; the page to confirm it is on this very server."""
        try:
            body = _members(await request.body())
            client = self._client(request, body)
            start_url = urlsplit(_text(body, "startUrl"))
            if start_url.scheme not in {"http", "https"} or not start_url.netloc:
                raise _invalid_request("Invalid start url provided")
            if not client.allows_grant(DEVICE_GRANT):
                raise OidcRefused("UnauthorizedClientException", "unauthorized_client")
        except OidcRefused as refused:
            return refused.response
        started = self._devices.start(
            kind=KIND,
            client_id=client.client_id,
            lifetime=DEVICE_LIFETIME_S,
            interval=POLL_INTERVAL_S,
        )
        page = str(request.url.replace(path="/device", query=""))
        return JSONResponse(
            {
                "deviceCode": started.device_code,
                "userCode": started.user_code,
                "verificationUri": page,
                "verificationUriComplete": f"{page}?{urlencode({'user_code': started.user_code})}",
                "expiresIn": DEVICE_LIFETIME_S,
                "interval": POLL_INTERVAL_S,
            }
        )

    async def create_token(self, request: Request) -> Response:
        """Answer CreateToken, for each of the three grants."""
        try:
            body = _members(await request.body())
            client = self._client(request, body)
            grant_type = _text(body, "grantType")
            if grant_type not in GRANT_TYPES:
                raise OidcRefused("UnsupportedGrantTypeException", "unsupported_grant_type")
            if grant_type != DEVICE_GRANT and not client.allows_grant(grant_type):
                raise OidcRefused("UnauthorizedClientException", "unauthorized_client")
            session = self._session(client, grant_type, body)
        except OidcRefused as refused:
            return refused.response
        request.state.who = self._world.users[session.user_id].email
        remaining = session.access_token_expires - self._clock.now()
        return JSONResponse(
            {
                "accessToken": session.access_token.reveal(),
                "expiresIn": round(remaining.total_seconds()),
                "refreshToken": session.refresh_token.reveal() if session.refresh_token else None,
                "tokenType": "Bearer",
                "idToken": None,
            }
        )

    def _session(
        self, client: ClientRegistration, grant_type: str, body: Mapping[str, Any]
    ) -> SsoSession:
        if grant_type == REFRESH_GRANT:
            session = self._sessions.refresh(
                _text(body, "refreshToken"), client_id=client.client_id
            )
            if session is None:
                raise _invalid_grant("Invalid refresh token provided")
            return session
        if grant_type == CODE_GRANT:
            user_id = self._redeem(client, body)
        else:
            user_id = self._poll(client, _text(body, "deviceCode"))
        return self._sessions.open(
            user_id=user_id, client_id=client.client_id, refreshable=client.refreshable
        )

    def _redeem(self, client: ClientRegistration, body: Mapping[str, Any]) -> str:
        redirect_uri = _text(body, "redirectUri")
        user_id = self._codes.redeem(
            _text(body, "code"),
            client_id=client.client_id,
            redirect_uri=redirect_uri,
            code_verifier=_text(body, "codeVerifier"),
        )
        if user_id is None or not client.allows_redirect(redirect_uri):
            raise _invalid_grant("Invalid grant provided")
        return user_id

    def _poll(self, client: ClientRegistration, device_code: str) -> str:
        try:
            device = self._devices.poll(device_code)
        except KeyError:
            raise _invalid_grant("Invalid device code provided") from None
        if device.kind != KIND or device.client_id != client.client_id:
            raise _invalid_grant("Invalid device code provided")
        if device.expired(self._clock.now()):
            raise OidcRefused("ExpiredTokenException", "expired_token", "Device code has expired")
        if device.status is DeviceStatus.DENIED:
            raise OidcRefused("AccessDeniedException", "access_denied", "The person denied it")
        if device.user_id is not None:
            self._devices.use_up(device_code)
            return device.user_id
        if device.too_fast:
            raise OidcRefused("SlowDownException", "slow_down", "Polled faster than the interval")
        raise OidcRefused(
            "AuthorizationPendingException",
            "authorization_pending",
            "Authorization is still pending",
        )

    def _client(self, request: Request, body: Mapping[str, Any]) -> ClientRegistration:
        client = self._clients.read(_text(body, "clientId"), _text(body, "clientSecret"))
        if client is None:
            raise OidcRefused(
                "InvalidClientException",
                "invalid_client",
                "Invalid client credentials provided",
                status=401,
            )
        request.state.who = client.client_name
        return client


def oidc_routes(service: OidcService) -> list[BaseRoute]:
    """Return the service's routes."""
    return [
        Route("/client/register", service.register, methods=["POST"]),
        Route("/device_authorization", service.start_device_authorization, methods=["POST"]),
        Route("/token", service.create_token, methods=["POST"]),
    ]


def _members(raw: bytes) -> dict[str, Any]:
    try:
        members = json.loads(raw)
    except ValueError:
        raise _invalid_request("The body is not JSON") from None
    if not isinstance(members, dict):
        raise _invalid_request("The body is not a JSON object")
    return members


def _text(members: Mapping[str, Any], name: str) -> str:
    value = members.get(name)
    if not isinstance(value, str) or not value:
        raise _invalid_request(f"{name} is required")
    return value


def _texts(members: Mapping[str, Any], name: str) -> tuple[str, ...]:
    values = members.get(name) or []
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise _invalid_request(f"{name} must be a list of strings")
    return tuple(values)


def _invalid_request(description: str) -> OidcRefused:
    return OidcRefused("InvalidRequestException", "invalid_request", description)


def _invalid_grant(description: str) -> OidcRefused:
    return OidcRefused("InvalidGrantException", "invalid_grant", description)
