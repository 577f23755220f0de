"""The portal of Identity Center: what a session may assume, and the credentials for it (reference §7.3)."""

import base64
import binascii
from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from cone_sidecar.simulator.role_credentials import RoleCredentialsRegister
from cone_sidecar.simulator.service_errors import portal_error
from cone_sidecar.simulator.simulated_entitlement import SimulatedAccount
from cone_sidecar.simulator.simulated_user import SimulatedUser
from cone_sidecar.simulator.sso_sessions import SsoSession, SsoSessions
from cone_sidecar.simulator.world import World

TOKEN_HEADER = "x-amz-sso_bearer_token"  # noqa: S105 -- a header's name
LARGEST_PAGE = 100


class PortalRefused(Exception):
    """An error of the portal."""

    def __init__(self, kind: str, message: str, status: int) -> None:
        super().__init__(message)
        self.response = portal_error(kind, message, status=status)


class Portal:
    """Answer the portal's four operations."""

    def __init__(
        self, world: World, sessions: SsoSessions, credentials: RoleCredentialsRegister
    ) -> None:
        self._world = world
        self._sessions = sessions
        self._credentials = credentials

    async def role_credentials(self, request: Request) -> Response:
        """Answer GetRoleCredentials; 403 until the grant has reached AWS."""
        try:
            session = self._session(request)
            account_id = _required(request, "account_id")
            role_name = _required(request, "role_name")
            account = self._account(account_id)
            if not self._world.may_assume(session.user_id, account_id, role_name):
                raise PortalRefused("ForbiddenException", "No access", 403)
        except PortalRefused as refused:
            return refused.response
        issued = self._credentials.issue(
            account_id=account_id,
            role_name=role_name,
            session_name=request.state.who,
            partition=account.partition,
        )
        return JSONResponse(
            {
                "roleCredentials": {
                    "accessKeyId": issued.access_key_id,
                    "secretAccessKey": issued.secret_access_key.reveal(),
                    "sessionToken": issued.session_token.reveal(),
                    "expiration": int(issued.expiration.timestamp()) * 1000,
                }
            }
        )

    async def accounts(self, request: Request) -> Response:
        """Answer ListAccounts: those with a role for the user."""
        try:
            session = self._session(request)
            assigned = {role.account_id for role in self._world.assigned_roles(session.user_id)}
            rows = [
                {
                    "accountId": account.id,
                    "accountName": account.name,
                    "emailAddress": account.email,
                }
                for account in self._world.accounts.values()
                if account.id in assigned
            ]
            return _page(request, "accountList", rows)
        except PortalRefused as refused:
            return refused.response

    async def account_roles(self, request: Request) -> Response:
        """Answer ListAccountRoles."""
        try:
            session = self._session(request)
            account_id = _required(request, "account_id")
            self._account(account_id)
            rows = [
                {"roleName": role.role_name, "accountId": role.account_id}
                for role in self._world.assigned_roles(session.user_id)
                if role.account_id == account_id
            ]
            return _page(request, "roleList", rows)
        except PortalRefused as refused:
            return refused.response

    async def logout(self, request: Request) -> Response:
        """Answer Logout: the session ends with all its tokens."""
        try:
            self._sessions.close(self._session(request))
        except PortalRefused as refused:
            return refused.response
        return Response(status_code=200)

    def _session(self, request: Request) -> SsoSession:
        session = self._sessions.find(request.headers.get(TOKEN_HEADER, ""))
        if session is None:
            raise PortalRefused("UnauthorizedException", "Session token not found or invalid", 401)
        user: SimulatedUser = self._world.users[session.user_id]
        request.state.who = user.email
        return session

    def _account(self, account_id: str) -> SimulatedAccount:
        if account_id not in self._world.accounts:
            raise PortalRefused("ResourceNotFoundException", "Account not found", 404)
        return self._world.accounts[account_id]


def portal_routes(portal: Portal) -> list[BaseRoute]:
    """Return the portal's routes."""
    return [
        Route("/federation/credentials", portal.role_credentials, methods=["GET"]),
        Route("/assignment/accounts", portal.accounts, methods=["GET"]),
        Route("/assignment/roles", portal.account_roles, methods=["GET"]),
        Route("/logout", portal.logout, methods=["POST"]),
    ]


def _required(request: Request, name: str) -> str:
    value = request.query_params.get(name, "")
    if not value:
        raise PortalRefused("InvalidRequestException", f"{name} is required", 400)
    return value


def _page(request: Request, key: str, rows: Sequence[dict[str, str]]) -> Response:
    size = _page_size(request.query_params.get("max_result", ""))
    start = _page_start(request.query_params.get("next_token", ""))
    end = start + size
    following = base64.urlsafe_b64encode(b"%d" % end).decode() if end < len(rows) else None
    body: dict[str, Any] = {key: list(rows[start:end]), "nextToken": following}
    return JSONResponse(body)


def _page_size(text: str) -> int:
    size = int(text) if text.isascii() and text.isdigit() else LARGEST_PAGE if not text else 0
    if not 1 <= size <= LARGEST_PAGE:
        raise PortalRefused("InvalidRequestException", "max_result must be from 1 to 100", 400)
    return size


def _page_start(token: str) -> int:
    try:
        return max(0, int(base64.urlsafe_b64decode(token))) if token else 0
    except (binascii.Error, ValueError):
        raise PortalRefused("InvalidRequestException", "Invalid next_token", 400) from None
