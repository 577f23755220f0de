"""OAuth of the tenant: device login, client assertions, token exchange, bearers (reference §1.2 and §2)."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from cone_sidecar.clock import SystemClock
from cone_sidecar.simulator.client_assertion import (
    AssertionRefused,
    AssertionVerifier,
    Expected,
)
from cone_sidecar.simulator.device_authorization import DeviceStatus
from cone_sidecar.simulator.forms import form_fields
from cone_sidecar.simulator.subject_token import SubjectTokenRefused, check_subject_token
from cone_sidecar.simulator.world import World

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
CLIENT_CREDENTIALS = "client_credentials"
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
EXCHANGE_GRANT = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS_TOKEN_TYPE = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105 -- a name
JWT_TYPE = "urn:ietf:params:oauth:token-type:jwt"
KIND = "conductorone"
DEVICE_LIFETIME_S = 600
DEVICE_TOKEN_LIFETIME_S = 600
EXCHANGED_LIFETIME_S = 1800
INTERVAL_S = 5


class OAuthRefused(Exception):
    """An RFC 6749 error."""

    def __init__(self, error: str, description: str, status: int = HTTPStatus.BAD_REQUEST) -> None:
        super().__init__(error)
        self.error = error
        self.description = description
        self.status = status


@dataclass(frozen=True, slots=True)
class Bearer:
    """Whom an access token speaks for. One of a device login can only make personal clients."""

    user_id: str
    expires: datetime
    of_device: bool = False


class OAuth:
    """Issue access tokens, and tell whose they are."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._wall_clock = SystemClock()
        self._verifier = AssertionVerifier()
        self._bearers: dict[str, Bearer] = {}
        self._grants: Mapping[str, Callable[[Request, dict[str, str]], dict[str, Any]]] = {
            CLIENT_CREDENTIALS: self._client_credentials,
            DEVICE_GRANT: self._device_code,
            EXCHANGE_GRANT: self._exchange,
        }

    def bearer(self, token: str) -> Bearer | None:
        """Return whom ``token`` speaks for, None where it is unknown or over."""
        found = self._bearers.get(token)
        return found if found and found.expires > self._world.clock.now() else None

    async def device_authorization(self, request: Request) -> Response:
        """Start a device login."""
        form = await form_fields(request)
        if not form.get("client_id"):
            return _refusal(OAuthRefused("invalid_request", "client_id is required"))
        device = self._world.device_authorizations.start(
            kind=KIND,
            client_id=form["client_id"],
            lifetime=DEVICE_LIFETIME_S,
            interval=INTERVAL_S,
        )
        page = str(request.url.replace(path="/device", query=""))
        return JSONResponse(
            {
                "device_code": device.device_code,
                "user_code": device.user_code,
                "verification_uri": page,
                "verification_uri_complete": f"{page}?{urlencode({'user_code': device.user_code})}",
                "expires_in": DEVICE_LIFETIME_S,
                "interval": INTERVAL_S,
            }
        )

    async def token(self, request: Request) -> Response:
        """Answer the token endpoint."""
        form = await form_fields(request)
        grant = self._grants.get(form.get("grant_type", ""))
        try:
            if grant is None:
                raise OAuthRefused("unsupported_grant_type", "this grant type is not supported")
            return JSONResponse(grant(request, form), headers={"cache-control": "no-store"})
        except OAuthRefused as refused:
            return _refusal(refused)

    async def jwks(self, _: Request) -> Response:
        """Answer with no keys: access tokens are opaque."""
        return JSONResponse({"keys": []})

    def _client_credentials(self, request: Request, form: dict[str, str]) -> dict[str, Any]:
        now = self._world.clock.now()
        client = self._world.api_clients.find(form.get("client_id", ""), now)
        if client is None:
            raise _invalid_client("client not found")
        if "client_assertion" in form:
            if form.get("client_assertion_type") != ASSERTION_TYPE or client.key is None:
                raise _invalid_client("this type of assertion is not supported")
            expected = Expected(client.client_id, self._audiences(request))
            try:
                # Signed by a machine whose clock nobody advanced, and judged by the same.
                signed_at = self._wall_clock.now()
                self._verifier.verify(form["client_assertion"], client.key, expected, signed_at)
            except AssertionRefused as refused:
                raise _invalid_client(str(refused)) from None
        elif not client.secret.matches(form.get("client_secret", "")):
            raise _invalid_client("the client secret is wrong")
        client.last_used = now
        self._note(request, client.user_id)
        return self._issue(client.user_id, self._world.lifetimes.access_token)

    def _device_code(self, request: Request, form: dict[str, str]) -> dict[str, Any]:
        devices = self._world.device_authorizations
        device_code = form.get("device_code", "")
        try:
            device = devices.poll(device_code)
        except KeyError:
            raise OAuthRefused("invalid_grant", "the device code is unknown") from None
        if device.kind != KIND or device.client_id != form.get("client_id"):
            raise OAuthRefused("invalid_grant", "the device code is another client's")
        if device.expired(self._world.clock.now()):
            raise OAuthRefused("expired_token", "the device code has expired")
        if device.status is DeviceStatus.DENIED:
            raise OAuthRefused("access_denied", "the login was refused")
        if device.status is DeviceStatus.PENDING or device.user_id is None:
            if device.too_fast:
                raise OAuthRefused("slow_down", "polled too fast")
            raise OAuthRefused("authorization_pending", "nobody has confirmed yet")
        devices.use_up(device_code)
        self._note(request, device.user_id)
        answer = self._issue(device.user_id, DEVICE_TOKEN_LIFETIME_S, of_device=True)
        return answer | {"refresh_token": ""}

    def _exchange(self, request: Request, form: dict[str, str]) -> dict[str, Any]:
        """Exchange a workload's OIDC token: it acts for the first user."""
        if not form.get("client_id"):
            raise _invalid_client("trust_not_found")
        if form.get("subject_token_type") != JWT_TYPE:
            raise OAuthRefused("invalid_request", f"subject_token_type has to be {JWT_TYPE}")
        # Signed by a machine whose clock nobody advanced, and judged by the same.
        now = self._wall_clock.now().timestamp()
        try:
            check_subject_token(form.get("subject_token", ""), self._audiences(request), now)
        except SubjectTokenRefused as refused:
            raise OAuthRefused(refused.error, refused.description) from None
        user_id = self._world.first_user.id
        self._note(request, user_id)
        return self._issue(user_id, EXCHANGED_LIFETIME_S) | {"issued_token_type": ACCESS_TOKEN_TYPE}

    def _issue(self, user_id: str, lifetime: float, *, of_device: bool = False) -> dict[str, Any]:
        token = secrets.token_urlsafe(64)
        expires = self._world.clock.now() + timedelta(seconds=lifetime)
        self._bearers[token] = Bearer(user_id, expires, of_device)
        return {"access_token": token, "token_type": "Bearer", "expires_in": int(lifetime)}

    def _audiences(self, request: Request) -> frozenset[str]:
        return frozenset({self._world.domain, request.url.hostname or ""})

    def _note(self, request: Request, user_id: str) -> None:
        request.state.who = self._world.users[user_id].email


def oauth_routes(oauth: OAuth) -> list[BaseRoute]:
    """Return the routes under ``/auth/v1``."""
    return [
        Route("/auth/v1/device_authorization", oauth.device_authorization, methods=["POST"]),
        Route("/auth/v1/token", oauth.token, methods=["POST"]),
        Route("/auth/v1/jwks", oauth.jwks, methods=["GET"]),
    ]


def _invalid_client(description: str) -> OAuthRefused:
    return OAuthRefused("invalid_client", description, HTTPStatus.UNAUTHORIZED)


def _refusal(refused: OAuthRefused) -> Response:
    return JSONResponse(
        {"error": refused.error, "error_description": refused.description},
        status_code=refused.status,
        headers={"cache-control": "no-store"},
    )
