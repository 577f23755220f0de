"""The portal of Identity Center: GetRoleCredentials, the hot call (reference §7.3)."""

from datetime import UTC, datetime

import httpx

from cone_sidecar.clock import Clock
from cone_sidecar.domain.credentials import RoleCredentials
from cone_sidecar.domain.ports import RoleNotAssigned
from cone_sidecar.errors import Unreachable, UpstreamRejected
from cone_sidecar.identity_center.wire_call import body, call, error_type
from cone_sidecar.secret import Secret

MILLISECONDS = 1000


class TokenRefused(Exception):
    """The portal doesn't know the access token: expired, logged out, or of another region."""


async def get_role_credentials(
    client: httpx.AsyncClient,
    portal: str,
    access_token: Secret,
    *,
    account_id: str,
    role_name: str,
    clock: Clock,
) -> RoleCredentials:
    """Fetch the credentials of one role.

    Raises:
        RoleNotAssigned: The person doesn't have this role (yet).
        TokenRefused: The session isn't known.
        UpstreamError: Anything else.
    """
    response = await call(
        lambda: client.get(
            f"{portal}/federation/credentials",
            params={"role_name": role_name, "account_id": account_id},
            headers={
                "x-amz-sso_bearer_token": access_token.reveal(),
                "Accept": "application/json",
            },
        ),
        clock,
        what="give role credentials",
    )
    if response.status_code == httpx.codes.OK:
        return _credentials(response, account_id)
    kind = error_type(response)
    if response.status_code == httpx.codes.UNAUTHORIZED or kind == "UnauthorizedException":
        raise TokenRefused
    if response.status_code == httpx.codes.FORBIDDEN or kind == "ForbiddenException":
        raise RoleNotAssigned
    if response.status_code == httpx.codes.NOT_FOUND:
        raise UpstreamRejected(
            f"AWS knows no account {account_id} or no role {role_name} in it",
            status=response.status_code,
            hint="cone aws setup --update",
        )
    raise UpstreamRejected(
        f"AWS refuses to give role credentials (HTTP {response.status_code} {kind})".replace(
            " )", ")"
        ),
        status=response.status_code,
        hint="check the profile's account id and role name, and the SSO region: cone aws setup show",
    )


async def check_session(
    client: httpx.AsyncClient, portal: str, access_token: Secret, *, clock: Clock
) -> None:
    """Ask whether the portal knows the session, by listing one account.

    Raises:
        TokenRefused: It doesn't.
        UpstreamError: There is no usable answer.
    """
    response = await call(
        lambda: client.get(
            f"{portal}/assignment/accounts",
            params={"max_result": 1},
            headers={"x-amz-sso_bearer_token": access_token.reveal(), "Accept": "application/json"},
        ),
        clock,
        what="list accounts",
    )
    if response.status_code == httpx.codes.UNAUTHORIZED:
        raise TokenRefused


async def end_session(
    client: httpx.AsyncClient, portal: str, access_token: Secret, *, clock: Clock
) -> None:
    """Log out: the session ends with all its tokens; one that isn't known has ended already.

    Raises:
        UpstreamError: Nobody knows whether it ended.
    """
    response = await call(
        lambda: client.post(
            f"{portal}/logout", headers={"x-amz-sso_bearer_token": access_token.reveal()}
        ),
        clock,
        what="end the session",
    )
    if response.status_code not in {httpx.codes.OK, httpx.codes.UNAUTHORIZED}:
        raise UpstreamRejected(
            f"AWS refuses to end the session (HTTP {response.status_code})",
            status=response.status_code,
            hint="check the SSO region: cone aws setup show",
        )


def _credentials(response: httpx.Response, account_id: str) -> RoleCredentials:
    try:
        found = body(response)["roleCredentials"]
        expiration = datetime.fromtimestamp(int(found["expiration"]) / MILLISECONDS, UTC)
        values = [str(found[key]) for key in ("accessKeyId", "secretAccessKey", "sessionToken")]
        if not all(values):
            raise ValueError
    except (KeyError, TypeError, ValueError, OverflowError):
        raise Unreachable(
            "AWS answers without role credentials",
            status=response.status_code,
            hint="retry shortly",
        ) from None
    return RoleCredentials(values[0], Secret(values[1]), Secret(values[2]), expiration, account_id)
