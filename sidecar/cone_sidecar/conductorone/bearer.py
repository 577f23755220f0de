"""The bearer on each API call, as an ``httpx.Auth``."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta

import httpx

from cone_sidecar.clock import Clock
from cone_sidecar.conductorone.access_token import (
    AccessToken,
    AccessTokenFile,
    TokenGrant,
    mint,
)
from cone_sidecar.conductorone.host import TenantHost
from cone_sidecar.file_lock import LockHeld, waited_file_lock
from cone_sidecar.secret import Secret

LOCK_LIMIT_S = 10.0
# Nobody tells how long a token that was given to us lives; the tenant says so by 401.
GIVEN_TOKEN_LIFE = timedelta(days=365)
Flow = AsyncGenerator[httpx.Request, httpx.Response]


class MintedBearer(httpx.Auth):
    """Mint the tenant's bearer, keep it between processes, and mint anew once when it is refused."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        host: TenantHost,
        grant: TokenGrant,
        kept: AccessTokenFile,
        clock: Clock,
    ) -> None:
        self._client = client
        self._host = host
        self._grant = grant
        self._kept = kept
        self._clock = clock
        self._token: AccessToken | None = None
        self._lock = asyncio.Lock()

    @property
    def remedy(self) -> str:
        """Return what to do when the tenant refuses even a token that was just minted."""
        return self._grant.remedy

    async def token(self) -> AccessToken:
        """Return a token that may be sent, minting one where there is none.

        Raises:
            LoginRequired: The tenant refuses the credentials.
            Unreachable: The tenant gives no usable answer.
        """
        async with self._lock:
            now = self._clock.now()
            if self._token is None or not self._token.fresh(now):
                self._token = self._kept.load()
            if self._token is None or not self._token.fresh(now):
                self._token = await self._mint()
            return self._token

    async def _mint(self) -> AccessToken:
        """Mint a token, once among our processes: each is an event in the tenant's audit log."""
        async with AsyncExitStack() as stack:
            lock = waited_file_lock(self._kept.lock_path, self._clock, limit_s=LOCK_LIMIT_S)
            # Without a lock, or past its limit, each mints for itself: slower, and still right.
            with contextlib.suppress(LockHeld, OSError):
                await stack.enter_async_context(lock)
            kept = self._kept.load()
            if kept and kept.fresh(self._clock.now()):
                return kept
            minted = await mint(self._client, self._host, self._grant, self._clock)
            self._kept.save(minted)
            return minted

    async def remember_user(self, user_id: str) -> None:
        """Keep whom the token speaks for, so that the next process needn't ask."""
        self._token = replace(await self.token(), user_id=user_id)
        self._kept.save(self._token)

    async def async_auth_flow(self, request: httpx.Request) -> Flow:
        """Send with a bearer; on 401 drop it, mint another, and send once more."""
        token = await self.token()
        request.headers["Authorization"] = f"Bearer {token.value.reveal()}"
        response = yield request
        if response.status_code == httpx.codes.UNAUTHORIZED:
            await self._drop(token)
            renewed = await self.token()
            request.headers["Authorization"] = f"Bearer {renewed.value.reveal()}"
            yield request

    async def _drop(self, refused: AccessToken) -> None:
        async with self._lock:
            if self._token is not None and self._token.value == refused.value:
                self._token = None
                kept = self._kept.load()
                if kept and kept.value == refused.value:
                    self._kept.drop()


class GivenBearer(httpx.Auth):
    """Send a bearer that was given to us (``CONDUCTORONE_ACCESS_TOKEN``); only its giver renews it.

    ``given`` is asked for it at each call: the file that it is in may have been replaced.
    """

    def __init__(self, given: Callable[[], Secret], clock: Clock) -> None:
        self._given = given
        self._clock = clock
        self._user: tuple[Secret, str] | None = None

    @property
    def remedy(self) -> str:
        """Return what to do when the tenant refuses it: nothing else counts while it is there."""
        return "replace what CONDUCTORONE_ACCESS_TOKEN states, or unset it: cone login <tenant>"

    async def token(self) -> AccessToken:
        """Return the token.

        Raises:
            ConfigurationError: Its file can't be read.
        """
        value = self._given()
        known = self._user is not None and self._user[0] == value
        user_id = self._user[1] if self._user and known else ""
        return AccessToken(value, self._clock.now() + GIVEN_TOKEN_LIFE, user_id)

    async def remember_user(self, user_id: str) -> None:
        """Keep whom the token speaks for, as long as this process lives."""
        self._user = (self._given(), user_id)

    async def async_auth_flow(self, request: httpx.Request) -> Flow:
        """Send with the bearer; on 401 once more, if it was replaced meanwhile."""
        sent = self._given()
        request.headers["Authorization"] = f"Bearer {sent.reveal()}"
        response = yield request
        if response.status_code == httpx.codes.UNAUTHORIZED and (now := self._given()) != sent:
            request.headers["Authorization"] = f"Bearer {now.reveal()}"
            yield request
