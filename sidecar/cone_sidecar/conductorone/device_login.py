"""``cone login``: the device flow of a tenant, ending in a personal client (RFC 8628, reference §1.2)."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta

import httpx

from cone_sidecar.clock import Clock
from cone_sidecar.conductorone.access_token import TOKEN_PATH
from cone_sidecar.conductorone.exchange import attempt, failing, json_object, with_retries
from cone_sidecar.conductorone.host import TenantHost
from cone_sidecar.domain.device_authorization import (
    DEFAULT_INTERVAL_S,
    SLOW_DOWN_S,
    DeviceAuthorization,
)
from cone_sidecar.errors import LoginRequired, UpstreamRejected
from cone_sidecar.secret import Secret

# cone's public client id.
CLIENT_ID = "2RGdOS94VDferT9e80mdgntl36K"
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"


@dataclass(frozen=True, slots=True)
class PersonalClient:
    """A client of the person's own."""

    client_id: str
    client_secret: Secret = field(repr=False)


async def log_in(
    client: httpx.AsyncClient,
    host: TenantHost,
    clock: Clock,
    *,
    show: Callable[[DeviceAuthorization], None],
    display_name: str = "Created by Cone",
) -> PersonalClient:
    """Log in: ``show`` tells the person where to go; returns when they have confirmed.

    Raises:
        LoginRequired: The person refused, or the code ran out.
        UpstreamError: The tenant can't be used.
    """
    authorization = await _authorize(client, host, clock)
    show(authorization)
    token = await _wait(client, host, clock, authorization)
    return await _create_client(client, host, clock, token, display_name)


async def _authorize(
    client: httpx.AsyncClient, host: TenantHost, clock: Clock
) -> DeviceAuthorization:
    url = f"{host.base_url}/auth/v1/device_authorization"
    response = await _send(host, clock, lambda: client.post(url, data={"client_id": CLIENT_ID}))
    answer = json_object(response)
    complete = answer.get("verification_uri_complete")
    device_code = answer.get("device_code")
    if response.status_code != httpx.codes.OK or not complete or not device_code:
        raise UpstreamRejected(
            f"{host.authority} offers no device login (HTTP {response.status_code})",
            status=response.status_code,
            hint="is that your tenant? cone login <tenant>, such as acme or acme.conductor.one",
        )
    return DeviceAuthorization(
        verification_uri=str(answer.get("verification_uri") or complete),
        verification_uri_complete=str(complete),
        user_code=str(answer.get("user_code") or ""),
        device_code=Secret(str(device_code)),
        interval_s=float(answer.get("interval") or DEFAULT_INTERVAL_S),
        expires=clock.now() + timedelta(seconds=float(answer.get("expires_in") or 600)),
    )


async def _wait(
    client: httpx.AsyncClient,
    host: TenantHost,
    clock: Clock,
    authorization: DeviceAuthorization,
) -> Secret:
    form = {
        "client_id": CLIENT_ID,
        "device_code": authorization.device_code.reveal(),
        "grant_type": DEVICE_GRANT,
    }
    interval = authorization.interval_s
    while clock.now() < authorization.expires:
        await clock.sleep(interval)
        response = await _send(
            host, clock, lambda: client.post(host.base_url + TOKEN_PATH, data=form)
        )
        answer = json_object(response)
        if response.status_code == httpx.codes.OK and answer.get("access_token"):
            return Secret(str(answer["access_token"]))
        match answer.get("error"):
            case "authorization_pending":
                continue
            case "slow_down":
                interval += SLOW_DOWN_S  # RFC 8628 §3.5
            case "access_denied":
                raise LoginRequired("the login was refused", hint="cone login <tenant>")
            case "expired_token":
                break
            case _:
                raise UpstreamRejected(
                    f"the login failed (HTTP {response.status_code})",
                    status=response.status_code,
                    hint="cone login <tenant>",
                )
    raise LoginRequired("the login code ran out", hint="cone login <tenant>")


async def _create_client(
    client: httpx.AsyncClient, host: TenantHost, clock: Clock, token: Secret, display_name: str
) -> PersonalClient:
    url = f"{host.base_url}/api/v1/iam/personal_clients"
    answer = await with_retries(
        lambda: attempt(
            host,
            client.post(
                url,
                json={"displayName": display_name},
                headers={"Authorization": f"Bearer {token.reveal()}", "Accept": "application/json"},
            ),
        ),
        clock,
        repeat_failures=False,
    )
    if not isinstance(answer, httpx.Response):
        raise answer
    created = json_object(answer)
    personal = created.get("client")
    client_id = personal.get("clientId") if isinstance(personal, dict) else None
    secret = created.get("clientSecret")
    if answer.status_code != httpx.codes.OK or not client_id or not secret:
        raise UpstreamRejected(
            f"ConductorOne makes no client for this login (HTTP {answer.status_code})",
            status=answer.status_code,
            hint="ask your administrator whether personal clients are allowed",
        )
    return PersonalClient(str(client_id), Secret(str(secret)))


async def _send(
    host: TenantHost, clock: Clock, post: Callable[[], Awaitable[httpx.Response]]
) -> httpx.Response:
    answer = await with_retries(lambda: attempt(host, post()), clock, repeat_failures=True)
    if not isinstance(answer, httpx.Response):
        raise answer
    if answer.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
        raise failing(answer.status_code)
    return answer
