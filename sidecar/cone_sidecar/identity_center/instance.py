"""An IAM Identity Center instance, as one person: the port ``IdentityCenter``."""

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import httpx

from cone_sidecar.clock import Clock
from cone_sidecar.domain.credentials import RoleCredentials
from cone_sidecar.domain.ports import PendingSignIn, SessionEnded
from cone_sidecar.domain.profile import SsoSession
from cone_sidecar.errors import (
    ConeError,
    ConfigurationError,
    SessionRejected,
    Unreachable,
    UpstreamError,
)
from cone_sidecar.file_lock import LockHeld, waited_file_lock
from cone_sidecar.identity_center.endpoints import EndpointResolver
from cone_sidecar.identity_center.oidc import Oidc
from cone_sidecar.identity_center.pending_sign_in import PendingSignInFile
from cone_sidecar.identity_center.portal import (
    TokenRefused,
    check_session,
    end_session,
    get_role_credentials,
)
from cone_sidecar.identity_center.sign_in import SignIn
from cone_sidecar.identity_center.token_cache import Registration, SsoToken, TokenCache
from cone_sidecar.shared_task import SharedTask

# botocore renews a sign-in this long before its end (reference §7.5).
REFRESH_WINDOW = timedelta(minutes=15)
# A refresh that failed isn't tried again sooner, while the old token lives.
REFRESH_PAUSE = timedelta(minutes=1)
LOCK_LIMIT_S = 20.0


@dataclass(frozen=True, slots=True)
class SignOut:
    """How a sign-out went: ``failure`` is why AWS could not be told of it."""

    was_signed_in: bool
    failure: ConeError | None


class IdentityCenterInstance:
    """Keep one session alive, and fetch role credentials with it."""

    def __init__(
        self,
        session: SsoSession,
        *,
        client: httpx.AsyncClient,
        endpoints: EndpointResolver,
        token_directory: Path,
        state_directory: Path,
        clock: Clock,
    ) -> None:
        self._session = session
        self._client = client
        self._endpoints = endpoints
        self._clock = clock
        self._cache = TokenCache(token_directory, session)
        key = hashlib.sha256(f"{session.name}\0{session.start_url}\0{session.region}".encode())
        name = f"sign-in-{key.hexdigest()[:32]}"
        self._lock_path = state_directory / f"{name}.lock"
        self._pending = PendingSignInFile(state_directory / f"{name}.json")
        self._sign_in = SignIn(self._oidc, self._cache, self._pending, clock)
        self._refresh_failed_at: datetime | None = None
        # A refresh token works once: nobody who goes away may stop the answer from being kept.
        self._refreshing: SharedTask[SsoToken | None] = SharedTask()
        self._completing: SharedTask[SsoToken] = SharedTask()
        self._just_signed_in = ""

    async def role_credentials(self, account_id: str, role_name: str) -> RoleCredentials:
        """Fetch role credentials; a session that AWS refuses is renewed once.

        Raises:
            RoleNotAssigned: AWS says no to this role.
            SessionEnded: A person has to sign in.
            SessionRejected: AWS refuses a session that was just made.
            UpstreamError: AWS can't be reached, or answers nonsense.
        """
        token = await self.session_token()
        try:
            return await self._fetch(token, account_id, role_name)
        except TokenRefused:
            renewed = await self._renewed_after_refusal(token)
        try:
            return await self._fetch(renewed, account_id, role_name)
        except TokenRefused:
            raise self._rejected() from None

    async def session_token(self) -> SsoToken:
        """Return a session that lives, renewed by its refresh token where that is due.

        Raises:
            SessionEnded: There is none.
        """
        now = self._clock.now()
        token = self._cache.token(now)
        if token and token.expires - now > REFRESH_WINDOW:
            return token
        if token and token.refreshable(now) and self._refresh_is_due(token):
            old = token
            try:
                token = await self._refresh(old)
            except Unreachable:
                # It serves while it lives; nobody has to sign in because the network is down.
                if old.expires <= self._clock.now():
                    raise
        if token and token.expires > self._clock.now():
            return token
        raise SessionEnded

    async def checked_session_token(self) -> SsoToken:
        """Return a session that AWS itself says is alive; one that it refuses is renewed once.

        Raises:
            SessionEnded: There is none.
            SessionRejected: AWS refuses a session that was just made.
            UpstreamError: AWS can't be reached.
        """
        token = await self.session_token()
        endpoints = await self._endpoints.resolve(self._session.region)
        try:
            await check_session(
                self._client, endpoints.portal, token.access_token, clock=self._clock
            )
        except TokenRefused:
            return await self._renewed_after_refusal(token)
        return token

    async def session_ends(self) -> datetime:
        """Return when the session ends; raises as :meth:`checked_session_token` does."""
        return (await self.checked_session_token()).expires

    async def begin_sign_in(self) -> PendingSignIn | None:
        """Start a device authorization, or return the one that is pending; None is a session.

        Raises:
            SignInRequired: The pending one was refused.
            UpstreamError: Identity Center starts none.
        """
        if self._completing.running and (offered := self._sign_in.offered):
            return offered
        async with self._locked():
            answer = await self._sign_in.begin()
        if isinstance(answer, SsoToken):
            self._just_signed_in = answer.access_token.reveal()
            return None
        return answer

    async def complete_sign_in(self) -> None:
        """Wait until the pending sign-in is confirmed, and keep its session.

        Raises:
            SignInRequired: It was refused, or it ran out.
        """
        token = await self._completing.result(self._sign_in.complete)
        self._just_signed_in = token.access_token.reveal()

    async def sign_out(self) -> SignOut:
        """End the session, and forget it in any case, with a sign-in that is pending.

        Raises:
            ConfigurationError: It can't be forgotten.
            Unreachable: Another process is at it for too long.
        """
        failure: ConeError | None = None
        async with self._locked():
            tokens = self._cache.tokens()
            try:
                for token in tokens:
                    endpoints = await self._endpoints.resolve(self._session.region)
                    await end_session(
                        self._client, endpoints.portal, token.access_token, clock=self._clock
                    )
            except ConeError as error:
                failure = error
            finally:
                self._pending.drop()
                self._cache.drop_tokens()
        return SignOut(was_signed_in=bool(tokens), failure=failure)

    async def _fetch(self, token: SsoToken, account_id: str, role_name: str) -> RoleCredentials:
        endpoints = await self._endpoints.resolve(self._session.region)
        credentials = await get_role_credentials(
            self._client,
            endpoints.portal,
            token.access_token,
            account_id=account_id,
            role_name=role_name,
            clock=self._clock,
        )
        self._just_signed_in = ""
        return credentials

    async def _renewed_after_refusal(self, refused: SsoToken) -> SsoToken:
        if refused.access_token.matches(self._just_signed_in):
            raise self._rejected()
        if not refused.refreshable(self._clock.now()):
            raise SessionEnded
        renewed = await self._refresh(refused)
        if renewed is None or renewed.access_token == refused.access_token:
            raise SessionEnded
        return renewed

    def _rejected(self) -> SessionRejected:
        return SessionRejected(
            "Session token not found or invalid: AWS refuses a session that was just made",
            hint="is the SSO region right? cone aws setup show, then cone aws setup --sso-region <region>",
        )

    async def aclose(self) -> None:
        """Let a refresh that is on its way come to its end, and stop waiting for a person."""
        self._completing.cancel()
        await self._refreshing.finish()

    async def _refresh(self, token: SsoToken) -> SsoToken | None:
        """Renew ``token``; returns what is there afterwards, whoever renewed it."""
        return await self._refreshing.result(lambda: self._renew(token))

    async def _renew(self, token: SsoToken) -> SsoToken | None:
        async with self._locked():
            now = self._clock.now()
            current = self._cache.token(now)
            if current and current.access_token != token.access_token:
                return current
            oidc = await self._oidc()
            registration = Registration(
                token.client_id, token.client_secret, token.registration_expires or now
            )
            try:
                answer = await oidc.refreshed_token(registration, token.refresh_token)
            except UpstreamError as error:
                return self._after_failed_refresh(token, error)
            if isinstance(answer, SsoToken):
                self._cache.save_token(answer)
                return answer
            # Others take no lock: one of them may have used the refresh token before us.
            current = self._cache.token(now)
            if current and current.access_token != token.access_token:
                return current
            return self._after_failed_refresh(token, None)

    def _after_failed_refresh(
        self, token: SsoToken, error: UpstreamError | None
    ) -> SsoToken | None:
        now = self._clock.now()
        self._refresh_failed_at = now
        if isinstance(error, Unreachable):
            raise error
        return token if token.expires > now else None

    def _refresh_is_due(self, token: SsoToken) -> bool:
        """Tell whether to try: the pause after a failure is for tokens that still live."""
        now, failed_at = self._clock.now(), self._refresh_failed_at
        return failed_at is None or token.expires <= now or now - failed_at >= REFRESH_PAUSE

    async def _oidc(self) -> Oidc:
        endpoints = await self._endpoints.resolve(self._session.region)
        return Oidc(self._client, endpoints.oidc, self._session, self._clock)

    @asynccontextmanager
    async def _locked(self) -> AsyncIterator[None]:
        """Hold the lock of this instance among our processes, without blocking the event loop."""
        try:
            async with waited_file_lock(self._lock_path, self._clock, limit_s=LOCK_LIMIT_S):
                yield
        except LockHeld:
            raise Unreachable(
                "another process holds the AWS sign-in", hint="retry the command shortly"
            ) from None
        except OSError as error:
            raise ConfigurationError(
                f"the sign-in's lock can't be made: {error.strerror or 'write failed'}",
                hint=f"make {self._lock_path.parent} writable",
            ) from error
