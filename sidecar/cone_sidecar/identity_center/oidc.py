"""The OIDC service of Identity Center: register, authorize a device, create tokens (reference §7.2)."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

import httpx

from cone_sidecar.clock import Clock
from cone_sidecar.domain.device_authorization import DEFAULT_INTERVAL_S, DeviceAuthorization
from cone_sidecar.domain.profile import SsoSession
from cone_sidecar.errors import UpstreamRejected
from cone_sidecar.identity_center.token_cache import Registration, SsoToken
from cone_sidecar.identity_center.wire_call import body, call, error_type
from cone_sidecar.secret import Secret

DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"


class Refusal(StrEnum):
    """Why CreateToken gives no token; a name we don't know is OTHER."""

    PENDING = "AuthorizationPendingException"
    SLOW_DOWN = "SlowDownException"
    EXPIRED = "ExpiredTokenException"
    DENIED = "AccessDeniedException"
    INVALID_CLIENT = "InvalidClientException"
    INVALID_GRANT = "InvalidGrantException"
    OTHER = ""


@dataclass(frozen=True, slots=True)
class TokenRefusal:
    """CreateToken said no."""

    why: Refusal
    kind: str
    status: int


class Oidc:
    """Call the OIDC service of one region for one session."""

    def __init__(
        self, client: httpx.AsyncClient, endpoint: str, session: SsoSession, clock: Clock
    ) -> None:
        self._client = client
        self._endpoint = endpoint
        self._session = session
        self._clock = clock

    async def register(self) -> Registration:
        """Register a public client for the device flow, as the AWS CLI names it.

        Raises:
            UpstreamError: No client.
        """
        response = await self._post(
            "/client/register",
            {
                "clientName": f"botocore-client-{self._session.name}",
                "clientType": "public",
                "scopes": list(self._session.scopes),
            },
            what="register a client",
        )
        answer = self._expect(response, "clientId", "clientSecret", "clientSecretExpiresAt")
        return Registration(
            str(answer["clientId"]),
            Secret(str(answer["clientSecret"])),
            datetime.fromtimestamp(_number(answer["clientSecretExpiresAt"]), UTC),
        )

    async def authorize_device(
        self, registration: Registration
    ) -> DeviceAuthorization | TokenRefusal:
        """Start a device authorization; a TokenRefusal means that the client isn't known any more.

        Raises:
            UpstreamError: No authorization.
        """
        response = await self._post(
            "/device_authorization",
            {
                "clientId": registration.client_id,
                "clientSecret": registration.client_secret.reveal(),
                "startUrl": self._session.start_url,
            },
            what="start a sign-in",
        )
        if error_type(response) == Refusal.INVALID_CLIENT:
            return _refusal(response)
        answer = self._expect(response, "deviceCode", "userCode", "verificationUri")
        return DeviceAuthorization(
            verification_uri=str(answer["verificationUri"]),
            verification_uri_complete=str(
                answer.get("verificationUriComplete") or answer["verificationUri"]
            ),
            user_code=str(answer["userCode"]),
            device_code=Secret(str(answer["deviceCode"])),
            interval_s=_number(answer.get("interval") or DEFAULT_INTERVAL_S),
            expires=self._clock.now() + timedelta(seconds=_number(answer.get("expiresIn") or 600)),
        )

    async def device_token(
        self, registration: Registration, device_code: Secret
    ) -> SsoToken | TokenRefusal:
        """Ask whether the person has confirmed.

        Raises:
            UpstreamError: No usable answer.
        """
        return await self._create_token(
            registration, {"grantType": DEVICE_GRANT, "deviceCode": device_code.reveal()}
        )

    async def refreshed_token(
        self, registration: Registration, refresh_token: Secret
    ) -> SsoToken | TokenRefusal:
        """Renew a sign-in by its refresh token.

        Raises:
            UpstreamError: No usable answer.
        """
        return await self._create_token(
            registration, {"grantType": "refresh_token", "refreshToken": refresh_token.reveal()}
        )

    async def _create_token(
        self, registration: Registration, grant: dict[str, object]
    ) -> SsoToken | TokenRefusal:
        client = {
            "clientId": registration.client_id,
            "clientSecret": registration.client_secret.reveal(),
        }
        response = await self._post("/token", client | grant, what="create a token")
        if response.status_code != httpx.codes.OK:
            return _refusal(response)
        answer = self._expect(response, "accessToken", "expiresIn")
        return SsoToken(
            start_url=self._session.start_url,
            region=self._session.region,
            access_token=Secret(str(answer["accessToken"])),
            expires=self._clock.now() + timedelta(seconds=_number(answer["expiresIn"])),
            client_id=registration.client_id,
            client_secret=registration.client_secret,
            registration_expires=registration.expires,
            refresh_token=Secret(str(answer.get("refreshToken") or "")),
        )

    async def _post(self, path: str, content: dict[str, object], *, what: str) -> httpx.Response:
        return await call(
            lambda: self._client.post(self._endpoint + path, json=content), self._clock, what=what
        )

    def _expect(self, response: httpx.Response, *keys: str) -> dict[str, Any]:
        answer = body(response)
        if response.status_code == httpx.codes.OK and all(answer.get(key) for key in keys):
            return answer
        kind = error_type(response)
        raise UpstreamRejected(
            f"AWS IAM Identity Center refuses the sign-in (HTTP {response.status_code}"
            f"{' ' if kind else ''}{kind})",
            status=response.status_code,
            hint="check the start URL and the SSO region: cone aws setup show",
        )


def _number(value: object) -> float:
    """Read a number of seconds.

    Raises:
        UpstreamRejected: It is none.
    """
    try:
        return float(str(value))
    except ValueError:
        raise UpstreamRejected(
            "AWS IAM Identity Center answers with something else than numbers", hint="retry shortly"
        ) from None


def _refusal(response: httpx.Response) -> TokenRefusal:
    kind = error_type(response)
    why = Refusal(kind) if kind in set(Refusal) else Refusal.OTHER
    return TokenRefusal(why, kind, response.status_code)
